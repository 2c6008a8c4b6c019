//! `aws-chunked`: a body in pieces, with a checksum behind it.

use axum::body::Bytes;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::CrcAlgorithm;

use super::header;
use crate::simulator::validate::ApiError;

const CHECKSUM: &str = "x-amz-checksum-crc32";

/// The content of a request's body, which must have the CRC-32 that header or trailer says.
pub(super) fn content(headers: &HeaderMap, body: &Bytes) -> Result<Bytes, ApiError> {
    let is_chunked =
        header(headers, "content-encoding").is_some_and(|it| it.contains("aws-chunked"));
    let (content, trailer) = if is_chunked {
        unchunked(body).ok_or_else(malformed)?
    } else {
        (body.clone(), None)
    };
    let expected = trailer.or_else(|| header(headers, CHECKSUM).map(str::to_owned));
    match expected {
        Some(expected) if expected != crc32(&content) => Err(ApiError::new(
            400,
            "BadDigest",
            "The CRC32 you specified did not match the calculated checksum.",
        )),
        Some(_) | None => Ok(content),
    }
}

/// Big-endian, in Base64, as S3 writes it.
pub(super) fn crc32(bytes: &[u8]) -> String {
    let checksum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, bytes);
    let [.., a, b, c, d] = checksum.to_be_bytes();
    BASE64_STANDARD.encode([a, b, c, d])
}

/// `SIZE;chunk-signature=…\r\nDATA\r\n` until a size of 0, then trailing headers. The checksum
/// among those.
fn unchunked(body: &[u8]) -> Option<(Bytes, Option<String>)> {
    let (mut content, mut rest) = (Vec::new(), body);
    loop {
        let (line, after) = split_line(rest)?;
        let size = line.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            rest = after;
            break;
        }
        content.extend_from_slice(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let mut checksum = None;
    while let Some((line, after)) = split_line(rest).filter(|(line, _)| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case(CHECKSUM)
        {
            checksum = Some(value.trim().to_owned());
        }
        rest = after;
    }
    Some((content.into(), checksum))
}

fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let line = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((line, bytes.get(end + 2..)?))
}

fn malformed() -> ApiError {
    let message = "The body of your request is not in the format of aws-chunked.";
    ApiError::new(400, "InvalidRequest", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        pairs.collect()
    }

    const CHUNKED: (&str, &str) = ("content-encoding", "aws-chunked");

    #[test]
    fn pieces_are_put_together_and_checked_against_the_trailer() {
        // The check value of CRC-32 is 0xCBF43926.
        assert_eq!(crc32(b"123456789"), "y/Q5Jg==");
        let body = |checksum: &str| {
            let text = format!(
                "5\r\n12345\r\n4;chunk-signature=ab\r\n6789\r\n0\r\n{CHECKSUM}:{checksum}\r\n\r\n"
            );
            Bytes::from(text)
        };
        let good = content(&headers(&[CHUNKED]), &body("y/Q5Jg==")).unwrap();
        assert_eq!(good.as_ref(), b"123456789");
        let bad = content(&headers(&[CHUNKED]), &body("AAAAAA==")).unwrap_err();
        assert_eq!(bad.code, "BadDigest");
    }

    #[test]
    fn a_plain_body_is_checked_against_the_header() {
        let body = Bytes::from_static(b"123456789");
        assert_eq!(content(&headers(&[]), &body).unwrap(), body);
        assert_eq!(
            content(&headers(&[(CHECKSUM, "y/Q5Jg==")]), &body).unwrap(),
            body
        );
        let bad = content(&headers(&[(CHECKSUM, "x")]), &body).unwrap_err();
        assert_eq!(bad.code, "BadDigest");
    }

    proptest! {
        #[test]
        fn any_bytes_are_content_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Err(error) = content(&headers(&[CHUNKED]), &Bytes::from(bytes)) {
                prop_assert!(matches!(error.code, "InvalidRequest" | "BadDigest"));
            }
        }
    }
}
