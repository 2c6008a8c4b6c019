use super::*;

fn call(
    method: &str,
    uri: &str,
    headers: &[(&'static str, &'static str)],
) -> Result<ObjectCall, ApiError> {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    parse(ObjectRequest {
        method: &method.parse().unwrap(),
        uri: &uri.parse().unwrap(),
        headers: &headers.collect(),
        body: &Bytes::from_static(b"x"),
    })
}

fn operation(method: &str, uri: &str) -> ObjectOperation {
    call(method, uri, &[]).unwrap().operation
}

#[test]
fn method_and_path_say_what_is_wanted() {
    let key = || "a/ü b.json".to_owned();
    let path = "/data/a/%C3%BC%20b.json";
    assert_eq!(operation("GET", path), ObjectOperation::Get(key()));
    assert_eq!(operation("HEAD", path), ObjectOperation::Head(key()));
    assert_eq!(operation("DELETE", path), ObjectOperation::Delete(key()));
    assert_eq!(operation("PUT", "/data"), ObjectOperation::CreateBucket);
    assert_eq!(operation("HEAD", "/data/"), ObjectOperation::HeadBucket);
    assert_eq!(
        operation(
            "GET",
            "/data?list-type=2&prefix=a%2Fb+c&max-keys=3&continuation-token=k"
        ),
        ObjectOperation::List {
            prefix: "a/b c".to_owned(),
            after: "k".to_owned(),
            max_keys: 3,
        }
    );
    assert_eq!(
        call("GET", "/data?acl", &[]).unwrap_err().code,
        "NotImplemented"
    );
    assert_eq!(
        call("GET", "/data/%FF", &[]).unwrap_err().code,
        "InvalidURI"
    );
}

#[test]
fn conditions_come_from_the_headers() {
    let condition = |headers: &[(&'static str, &'static str)]| {
        call("PUT", "/b/k", headers).map(|call| {
            let ObjectOperation::Put { condition, .. } = call.operation else {
                panic!("{call:?}")
            };
            condition
        })
    };
    assert_eq!(condition(&[]).unwrap(), Condition::None);
    assert_eq!(
        condition(&[("if-none-match", "*")]).unwrap(),
        Condition::Absent
    );
    let unchanged = Condition::Unchanged("\"ab\"".to_owned());
    assert_eq!(condition(&[("if-match", "\"ab\"")]).unwrap(), unchanged);
    assert_eq!(
        condition(&[("if-none-match", "\"ab\"")]).unwrap_err().code,
        "NotImplemented"
    );
}

#[test]
fn hostile_keys_stay_text() {
    let object = Object {
        bytes: Bytes::from_static(b"1"),
        etag: "\"c4\"".to_owned(),
        content_type: "text/plain".to_owned(),
        written_at: 0.0,
    };
    let objects = [("<Key>&\"]]>".to_owned(), object)];
    let request = ObjectRequest {
        method: &Method::GET,
        uri: &"/data?list-type=2&prefix=%3Cx%3E".parse().unwrap(),
        headers: &HeaderMap::new(),
        body: &Bytes::new(),
    };
    let text = String::from_utf8(listed(&objects, Some("<next>"), request).unwrap()).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let of = |name: &str| {
        let node = document
            .descendants()
            .find(|it| it.tag_name().name() == name);
        node.unwrap().text().unwrap().to_owned()
    };
    assert_eq!(of("Key"), "<Key>&\"]]>");
    assert_eq!(
        (of("Prefix").as_str(), of("NextContinuationToken").as_str()),
        ("<x>", "<next>")
    );
    assert_eq!(of("LastModified"), "1970-01-01T00:00:00.000Z");
}
