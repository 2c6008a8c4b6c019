//! restXml of S3, path style: `/BUCKET/KEY`, answers in XML.

use axum::body::{Body, Bytes};
use axum::http::response::Builder;
use axum::http::{HeaderMap, Method, Response, Uri};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{aws_chunked, header};
use crate::simulator::account::{Condition, Object, ObjectAnswer, ObjectCall, ObjectOperation};
use crate::simulator::validate::ApiError;

const NAMESPACE: (&str, &str) = ("xmlns", "http://s3.amazonaws.com/doc/2006-03-01/");
/// What S3 stores for a body without a type.
const BINARY: &str = "binary/octet-stream";

/// The parts of a request that say what it wants.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct ObjectRequest<'a> {
    pub(in crate::simulator) method: &'a Method,
    pub(in crate::simulator) uri: &'a Uri,
    pub(in crate::simulator) headers: &'a HeaderMap,
    pub(in crate::simulator) body: &'a Bytes,
}

/// Reads a request.
pub(in crate::simulator) fn parse(request: ObjectRequest<'_>) -> Result<ObjectCall, ApiError> {
    let path = decoded(request.uri.path())?;
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let operation = if key.is_empty() {
        of_bucket(request)?
    } else {
        of_object(request, key.to_owned())?
    };
    Ok(ObjectCall {
        bucket: bucket.to_owned(),
        expected_owner: header(request.headers, "x-amz-expected-bucket-owner").map(str::to_owned),
        operation,
    })
}

fn of_bucket(request: ObjectRequest<'_>) -> Result<ObjectOperation, ApiError> {
    let query = Query::of(request.uri)?;
    match (request.method.as_str(), query.get("list-type")) {
        ("PUT", _) => Ok(ObjectOperation::CreateBucket),
        ("HEAD", _) => Ok(ObjectOperation::HeadBucket),
        ("GET", Some("2")) => {
            let text = |name| query.get(name).unwrap_or_default().to_owned();
            let max_keys = query.get("max-keys").map_or(Ok(usize::MAX), str::parse);
            Ok(ObjectOperation::List {
                prefix: text("prefix"),
                after: match query.get("continuation-token") {
                    Some(token) => token.to_owned(),
                    None => text("start-after"),
                },
                max_keys: max_keys.map_err(|_error| {
                    ApiError::new(400, "InvalidArgument", "max-keys is not a number")
                })?,
            })
        }
        _ => Err(not_implemented(request)),
    }
}

fn of_object(request: ObjectRequest<'_>, key: String) -> Result<ObjectOperation, ApiError> {
    match request.method.as_str() {
        "GET" => Ok(ObjectOperation::Get(key)),
        "HEAD" => Ok(ObjectOperation::Head(key)),
        "DELETE" => Ok(ObjectOperation::Delete(key)),
        "PUT" => Ok(ObjectOperation::Put {
            key,
            bytes: aws_chunked::content(request.headers, request.body)?,
            content_type: header(request.headers, "content-type")
                .unwrap_or(BINARY)
                .to_owned(),
            condition: condition(request)?,
        }),
        _ => Err(not_implemented(request)),
    }
}

fn condition(request: ObjectRequest<'_>) -> Result<Condition, ApiError> {
    let value = |name| header(request.headers, name);
    match (value("if-match"), value("if-none-match")) {
        (None, None) => Ok(Condition::None),
        (None, Some("*")) => Ok(Condition::Absent),
        (Some(etag), None) => Ok(Condition::Unchanged(etag.to_owned())),
        (_, Some(_)) => Err(not_implemented(request)),
    }
}

fn not_implemented(request: ObjectRequest<'_>) -> ApiError {
    let what = format!(
        "the simulator does not know {} {}",
        request.method, request.uri
    );
    ApiError::new(501, "NotImplemented", what)
}

/// Name and value of each parameter.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(uri: &Uri) -> Result<Self, ApiError> {
        let pairs = uri.query().unwrap_or_default().split('&');
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(&value.replace('+', " "))?))
        });
        Ok(Self(pairs.collect::<Result<_, ApiError>>()?))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &str) -> Result<String, ApiError> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into)
        .map_err(|_error| ApiError::new(400, "InvalidURI", "Couldn't parse the specified URI."))
}

/// Writes an answer.
pub(in crate::simulator) fn respond(
    answer: Result<ObjectAnswer, ApiError>,
    request: ObjectRequest<'_>,
    request_id: &str,
) -> Response<Body> {
    let response = Response::builder().header("x-amz-request-id", request_id);
    // An answer to HEAD has no body, regardless of its length header.
    let is_head = request.method == Method::HEAD;
    let response = match answer {
        Ok(ObjectAnswer::Done(status)) => response.status(status).body(Body::empty()),
        Ok(ObjectAnswer::Stored(etag)) => response.header("etag", etag).body(Body::empty()),
        Ok(ObjectAnswer::Object(object)) => with_object(response, object, is_head),
        Ok(ObjectAnswer::Listed { objects, next }) => {
            xml(response, listed(&objects, next.as_deref(), request))
        }
        Err(error) if is_head => response.status(error.status).body(Body::empty()),
        Err(error) => {
            let status = response.status(error.status);
            xml(status, failure(&error, request_id))
        }
    };
    response.unwrap_or_default()
}

fn with_object(response: Builder, object: Object, is_head: bool) -> http::Result<Response<Body>> {
    let response = response
        .header("etag", &object.etag)
        .header("content-type", &object.content_type)
        .header("content-length", object.bytes.len())
        .header("x-amz-checksum-crc32", aws_chunked::crc32(&object.bytes))
        .header(
            "last-modified",
            at(object.written_at)
                .strftime("%a, %d %b %Y %H:%M:%S GMT")
                .to_string(),
        );
    response.body(if is_head {
        Body::empty()
    } else {
        Body::from(object.bytes)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
fn at(seconds: f64) -> Timestamp {
    Timestamp::from_second(seconds as i64).unwrap_or_default()
}

fn xml(response: Builder, document: std::io::Result<Vec<u8>>) -> http::Result<Response<Body>> {
    // Writing to memory does not fail.
    let document = document.unwrap_or_default();
    response
        .header("content-type", "application/xml")
        .body(Body::from(document))
}

/// `NextContinuationToken` is the last key; clients treat it as opaque.
fn listed(
    objects: &[(String, Object)],
    next: Option<&str>,
    request: ObjectRequest<'_>,
) -> std::io::Result<Vec<u8>> {
    let query = Query::of(request.uri).unwrap_or(Query(Vec::new()));
    let is_encoded = query.get("encoding-type") == Some("url");
    let key = |key: &str| {
        if is_encoded {
            utf8_percent_encode(key, NON_ALPHANUMERIC).to_string()
        } else {
            key.to_owned()
        }
    };
    let bucket = request.uri.path().trim_matches('/').to_owned();
    document("ListBucketResult", Some(NAMESPACE), |writer| {
        leaf(writer, "Name", &bucket)?;
        leaf(
            writer,
            "Prefix",
            &key(query.get("prefix").unwrap_or_default()),
        )?;
        leaf(writer, "KeyCount", &objects.len().to_string())?;
        leaf(writer, "MaxKeys", query.get("max-keys").unwrap_or("1000"))?;
        leaf(writer, "IsTruncated", &next.is_some().to_string())?;
        if is_encoded {
            leaf(writer, "EncodingType", "url")?;
        }
        if let Some(next) = next {
            leaf(writer, "NextContinuationToken", next)?;
        }
        for (name, object) in objects {
            let contents = writer.create_element("Contents");
            contents.write_inner_content(|writer| {
                leaf(writer, "Key", &key(name))?;
                let written = at(object.written_at).strftime("%Y-%m-%dT%H:%M:%S.000Z");
                leaf(writer, "LastModified", &written.to_string())?;
                leaf(writer, "ETag", &object.etag)?;
                leaf(writer, "Size", &object.bytes.len().to_string())?;
                leaf(writer, "StorageClass", "STANDARD")
            })?;
        }
        Ok(())
    })
}

fn failure(error: &ApiError, request_id: &str) -> std::io::Result<Vec<u8>> {
    document("Error", None, |writer| {
        leaf(writer, "Code", error.code)?;
        leaf(
            writer,
            "Message",
            error.message.as_deref().unwrap_or_default(),
        )?;
        leaf(writer, "RequestId", request_id)
    })
}

pub(super) fn document(
    name: &str,
    attribute: Option<(&str, &str)>,
    inner: impl FnOnce(&mut Writer<Vec<u8>>) -> std::io::Result<()>,
) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let element = writer.create_element(name).with_attributes(attribute);
    element.write_inner_content(inner)?;
    Ok(writer.into_inner())
}

/// Text is escaped.
pub(super) fn leaf(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> std::io::Result<()> {
    let element = writer.create_element(name);
    element
        .write_text_content(BytesText::new(value))
        .map(|_| ())
}

#[cfg(test)]
mod tests;
