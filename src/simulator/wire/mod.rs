//! The wire protocols: parsing of requests, serialisation of answers.

mod aws_chunked;
pub(super) mod aws_json;
pub(super) mod aws_query;
pub(super) mod rest_json;
pub(super) mod rest_xml;
pub(super) mod rpc_cbor;

use axum::http::HeaderMap;

/// A header as text; `None` when absent or not text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a `SigV4` signature says about its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// Reads `Credential=KEY/20261122/us-east-1/sagemaker/aws4_request`. `None` without a signature;
/// AWS would refuse such a request.
pub(super) fn signature(headers: &HeaderMap) -> Option<Signature<'_>> {
    let authorization = header(headers, "authorization")?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut scope = credential.split('/');
    let access_key_id = scope.next()?;
    let mut scope = scope.skip(1);
    Some(Signature {
        access_key_id,
        region: scope.next()?,
        service: scope.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_region_and_service_come_from_the_signature() {
        let mut headers = HeaderMap::new();
        assert_eq!(signature(&headers), None);
        let value = "AWS4-HMAC-SHA256 Credential=AK/20261122/eu-west-1/sagemaker/aws4_request, SignedHeaders=host";
        headers.insert("authorization", value.parse().unwrap());
        let signature = signature(&headers).unwrap();
        assert_eq!(signature.access_key_id, "AK");
        assert_eq!(
            (signature.region, signature.service),
            ("eu-west-1", "sagemaker")
        );
    }
}
