//! Protocols: what a request looks like on the wire, and what an answer must look like.

mod aws_chunked;
pub(super) mod aws_json;
pub(super) mod rest_json;
pub(super) mod rest_xml;
pub(super) mod rpc_cbor;

use axum::http::HeaderMap;

/// A header as text; `None` when absent or not text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Region and service of a `SigV4` signature: `Credential=KEY/20261122/us-east-1/sagemaker/aws4_request`. `None` without
/// a signature; AWS would refuse such a request.
pub(super) fn signed_for(headers: &HeaderMap) -> Option<(&str, &str)> {
    let authorization = header(headers, "authorization")?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut scope = credential.split('/').skip(2);
    Some((scope.next()?, scope.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_and_service_come_from_the_signature() {
        let mut headers = HeaderMap::new();
        assert_eq!(signed_for(&headers), None);
        let value = "AWS4-HMAC-SHA256 Credential=AK/20261122/eu-west-1/sagemaker/aws4_request, SignedHeaders=host";
        headers.insert("authorization", value.parse().unwrap());
        assert_eq!(signed_for(&headers), Some(("eu-west-1", "sagemaker")));
    }
}
