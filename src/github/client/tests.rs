use super::*;

#[test]
fn an_address_is_split_into_server_and_prefix_or_refused() {
    let parts = |url| split_address(url);
    let pair = |a: &str, b: &str| Some((a.parse().unwrap(), b.to_owned()));
    assert_eq!(
        parts("https://api.github.com"),
        pair("https://api.github.com", "")
    );
    assert_eq!(
        parts("https://git.acme.example:8443/api/v3/"),
        pair("https://git.acme.example:8443", "/api/v3")
    );
    for local in [
        "http://127.0.0.1:1",
        "http://localhost",
        "http://[::1]:8080",
    ] {
        assert_eq!(parts(local), pair(local, ""), "{local}");
    }
    for bad in [
        "",
        "api.github.com",
        "/api/v3",
        "ftp://x",
        "https://",
        "https://u:p@host",
        "http://git.acme.example",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "https://host/?a=b",
    ] {
        assert_eq!(parts(bad), None, "{bad}");
    }
}

#[test]
fn an_address_in_a_message_has_neither_user_nor_password() {
    for (address, shown) in [
        ("http://user:pw@git.example/x", "http://***@git.example/x"),
        ("http://user:p@w@git.example", "http://***@git.example"),
        ("user:pw@git.example", "***@git.example"),
        ("ftp://x", "ftp://x"),
    ] {
        assert_eq!(without_user(address), shown);
    }
}

#[test]
fn a_message_is_one_line_with_the_details_and_never_a_page() {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let words = |status, body: &[u8]| {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        message(status, &body)
    };
    let body = br#"{"message":"Validation Failed","errors":[{"message":"body is\n::error::too long"},"x",7]}"#;
    assert_eq!(
        words(status, body),
        "Validation Failed; body is ::error::too long; x"
    );
    assert_eq!(
        words(StatusCode::BAD_GATEWAY, b"<html>unicorn"),
        "Bad Gateway"
    );
    assert_eq!(
        words(status, "[".repeat(10_000).as_bytes()),
        "Unprocessable Entity"
    );
}

#[test]
fn the_bot_of_an_installation_always_has_brackets() {
    let answer = |login| format!(r#"{{"data":{{"viewer":{{"login":"{login}"}}}}}}"#);
    assert_eq!(bot_of(answer("acme-ci[bot]").as_bytes()), "acme-ci[bot]");
    assert_eq!(bot_of(answer("acme-ci").as_bytes()), "acme-ci[bot]");
    assert_eq!(bot_of(b"<html>"), WORKFLOW_AUTHOR);
}

#[test]
fn a_part_of_an_address_stays_one_part() {
    assert_eq!(escaped("a/b?c#d é"), "a%2Fb%3Fc%23d%20%C3%A9");
}
