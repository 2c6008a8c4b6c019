//! awsQuery of STS: a form in, XML out.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use quick_xml::Writer;
use serde_json::{Map, Value};

use super::header;
use super::rest_xml::{document, leaf};
use crate::simulator::validate::ApiError;

const NAMESPACE: (&str, &str) = ("xmlns", "https://sts.amazonaws.com/doc/2011-06-15/");

/// Operation and members of a form; `None` for a body that is not a form.
pub(in crate::simulator) fn parse(headers: &HeaderMap, body: &[u8]) -> Option<(String, Value)> {
    header(headers, "content-type")?
        .starts_with("application/x-www-form-urlencoded")
        .then_some(())?;
    let mut members: Map<String, Value> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    match members.remove("Action") {
        Some(Value::String(operation)) => Some((operation, Value::Object(members))),
        _ => None,
    }
}

/// Writes an answer: objects become elements, everything else text.
pub(in crate::simulator) fn respond(
    answer: &Result<Value, ApiError>,
    operation: &str,
    request_id: &str,
) -> Response<Body> {
    let (status, document) = match answer {
        Ok(result) => (200, success(result, operation, request_id)),
        Err(error) => (error.status, failure(error, request_id)),
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .header("x-amzn-requestid", request_id)
        // Writing to memory does not fail.
        .body(Body::from(document.unwrap_or_default()));
    response.unwrap_or_default()
}

fn success(result: &Value, operation: &str, request_id: &str) -> std::io::Result<Vec<u8>> {
    document(&format!("{operation}Response"), Some(NAMESPACE), |writer| {
        element(writer, &format!("{operation}Result"), result)?;
        let metadata = writer.create_element("ResponseMetadata");
        metadata.write_inner_content(|writer| leaf(writer, "RequestId", request_id))?;
        Ok(())
    })
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> std::io::Result<()> {
    let Value::Object(members) = value else {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        return leaf(writer, name, &text);
    };
    let parent = writer.create_element(name);
    let written = parent.write_inner_content(|writer| {
        let mut members = members.iter();
        members.try_for_each(|(name, value)| element(writer, name, value))
    });
    written.map(|_| ())
}

fn failure(error: &ApiError, request_id: &str) -> std::io::Result<Vec<u8>> {
    let fault = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    document("ErrorResponse", Some(NAMESPACE), |writer| {
        let parent = writer.create_element("Error");
        parent.write_inner_content(|writer| {
            leaf(writer, "Type", fault)?;
            leaf(writer, "Code", error.code)?;
            leaf(
                writer,
                "Message",
                error.message.as_deref().unwrap_or_default(),
            )
        })?;
        leaf(writer, "RequestId", request_id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_nothing_else_is() {
        let mut headers = HeaderMap::new();
        assert_eq!(parse(&headers, b"Action=X"), None);
        let form = "application/x-www-form-urlencoded";
        headers.insert("content-type", form.parse().unwrap());
        let (operation, input) = parse(&headers, b"Action=Do&RoleArn=arn%3Aaws&Name=a+b").unwrap();
        assert_eq!(operation, "Do");
        assert_eq!(
            input,
            serde_json::json!({"RoleArn": "arn:aws", "Name": "a b"})
        );
        assert_eq!(parse(&headers, b"Version=1"), None);
    }

    #[test]
    fn answers_are_nested_and_escaped() {
        let result = serde_json::json!({"A": {"B": "<&>"}});
        let xml = String::from_utf8(success(&result, "Do", "id").unwrap()).unwrap();
        assert!(xml.ends_with(
            "<DoResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><DoResult><A><B>&lt;&amp;&gt;</B></A></DoResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>"
        ));
    }
}
