use proptest::prelude::*;

use super::*;

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let variables = variables.iter();
    let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn knowing(variables: &[(&str, &str)], arguments: &[&str]) -> Redactor {
    let mut redactor = Redactor::new();
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    redactor.learn_all(&environment(variables), &arguments);
    redactor
}

fn of(secret: &str) -> Redactor {
    let mut redactor = Redactor::new();
    redactor.learn(secret);
    redactor
}

#[test]
fn every_secret_of_the_environment_and_the_command_line_is_known() {
    let redactor = knowing(
        &[
            ("AWS_ACCESS_KEY_ID", "AKIACANARY01"),
            ("AWS_SECRET_ACCESS_KEY", "/canary02+secret"),
            ("AWS_SESSION_TOKEN", "canary03=token"),
            ("GITHUB_TOKEN", "ghs_canary04"),
            ("INPUT_GITHUB-TOKEN", "ghs_canary05"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary06-request"),
            ("ACTIONS_RUNTIME_TOKEN", "canary07-runtime"),
            (
                "INPUT_CONTAINER-ENV",
                "API_KEY=canary08-key\nPEM=-----BEGIN\ncanary09/pem+line==\n",
            ),
            ("AWS_ENDPOINT_URL", "http://me:canary10pw@127.0.0.1:1/"),
            ("HTTPS_PROXY", "http://me:pw@proxy.example:3128"),
            ("GITHUB_API_URL", "http://me:canary11%21pw@git.example"),
            ("DB_PASSWORD", "canary12 with spaces"),
            ("DEPLOY_KEY", "canary13-deploy"),
        ],
        &[
            "sagegate",
            "--container-env",
            "TOKEN=canary14-env",
            "--github-token=canary15-token",
            "--container-env=X=canary16-env",
        ],
    );
    for canary in [
        "AKIACANARY01",
        "/canary02+secret",
        "canary03=token",
        "ghs_canary04",
        "ghs_canary05",
        "canary06-request",
        "canary07-runtime",
        "canary08-key",
        "canary09/pem+line==",
        "canary10pw",
        ":pw@proxy.example:3128",
        "canary11%21pw",
        "canary11!pw",
        "canary12 with spaces",
        "canary12\n  with\tspaces",
        "canary13-deploy",
        "canary14-env",
        "canary15-token",
        "canary16-env",
    ] {
        let text = format!("before `{canary}` after");
        assert_eq!(redactor.redact(&text), "before `***` after", "{canary}");
    }
}

#[test]
fn what_is_common_or_public_stays() {
    let sha = "8f31c2e0aa5500000000000000000000000000aa";
    let container = format!(
        "MODE=production\nWORKERS=12345678\nGIT_SHA={sha}\nHF_MODEL_ID=distilbert-base\nDATA=s3://my-bucket/data.tar.gz"
    );
    let redactor = knowing(
        &[
            ("AWS_SECRET_ACCESS_KEY", "simulated"),
            ("AWS_CREDENTIAL_EXPIRATION", "2026-11-27T10:19:50Z"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token/here"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("GITHUB_SHA", sha),
            ("INPUT_NAME", "distilbert-base-uncased"),
            ("INPUT_CONTAINER-ENV", &container),
        ],
        &[],
    );
    let text = format!(
        "simulated production 12345678 2026-11-27T10:19:50Z /var/run/token/here {sha} distilbert-base \
         s3://my-bucket/data.tar.gz false"
    );
    assert!(matches!(redactor.redact(&text), Cow::Borrowed(same) if same == text));
}

#[test]
fn a_text_that_turns_out_to_be_public_is_shown() {
    let mut redactor = of("commit-0123456789");
    assert_eq!(redactor.redact("commit-0123456789"), "***");
    redactor.allow("commit-0123456789");
    redactor.learn("commit-0123456789");
    assert_eq!(redactor.redact("commit-0123456789"), "commit-0123456789");
}

#[test]
fn a_secret_that_is_cut_short_is_found_by_its_start() {
    let redactor = of("ghs_0123456789abcdef");
    assert_eq!(redactor.redact("x ghs_01234567…"), "x ***…");
    assert_eq!(redactor.redact("x ghs_01234567"), "x ***");
    assert_eq!(redactor.redact("x ghs_0123 y"), "x ghs_0123 y");
}

#[test]
fn json_stays_json() {
    let redactor = of("nA\"7\\x-0123456\\");
    let value = serde_json::json!({ "a": "\nnA\"7\\x-0123456\\", "b": "line\nA\"7\\x-0123456\\" });
    for text in [
        value.to_string(),
        serde_json::to_string_pretty(&value).unwrap(),
    ] {
        let redacted = redactor.redact(&text);
        let read: serde_json::Value = serde_json::from_str(&redacted).unwrap();
        assert_eq!(read["a"], "\n***", "{redacted}");
    }
}

#[test]
fn nothing_is_printed_of_what_is_known() {
    assert!(!format!("{:?}", of("canary-0123456789")).contains("canary"));
}

/// A secret as people and services make them.
fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9/+=_@#$&<>\"'|\\\\.:%~!*\\[\\]-]{7,40}[0-9A-Z]"
}

fn alternating(text: &str) -> String {
    let pairs = text.chars().enumerate();
    pairs
        .map(|(index, c)| match index % 2 {
            0 => c.to_ascii_uppercase(),
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

/// As the program, its libraries and GitHub write a text.
fn encodings(text: &str) -> Vec<(&'static str, String)> {
    use base64::Engine as _;
    let numeric = text.chars().map(|c| format!("&#{};", u32::from(c)));
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let escaped = text.chars().map(|c| match c {
        c if c.is_ascii_punctuation() => format!("\\{c}"),
        c => c.to_string(),
    });
    let json = serde_json::to_string(text).unwrap();
    let every = |between: &str| {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        letters.join(between)
    };
    let command = text
        .replace('%', "%25")
        .replace(':', "%3A")
        .replace(',', "%2C");
    let percent = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    vec![
        ("plain", text.to_owned()),
        ("upper case", text.to_uppercase()),
        ("lower case", text.to_lowercase()),
        ("alternating case", alternating(text)),
        ("HTML", html),
        ("entities", numeric.collect()),
        ("Markdown", escaped.collect()),
        ("JSON", json),
        ("Rust", format!("{text:?}")),
        (
            "JSON in JSON",
            serde_json::to_string(&format!("x{text}")).unwrap(),
        ),
        ("workflow command", command),
        ("percent", percent.to_string()),
        ("joined", every("\u{2060}")),
        ("wrapped", every("\n  ")),
        ("dollars", text.replace('$', "<span>$</span>")),
        (
            "Base64",
            base64::prelude::BASE64_STANDARD.encode(format!("user:{text}@x")),
        ),
        (
            "URL-safe Base64",
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(format!("ab{text}")),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_secret_passes_in_any_case_or_encoding(secret in secret(), before in ".{0,12}", after in ".{0,12}") {
        prop_assume!(is_secret(&secret));
        let redactor = of(&secret);
        for (name, encoded) in encodings(&secret) {
            if secret.len() < 12 && name.ends_with("Base64") {
                continue;
            }
            let out = redactor.redact(&format!("{before} {encoded} {after}")).into_owned();
            prop_assert!(out.contains(MASK), "{name}: {out}");
            // Three characters at each end of Base64 depend on their neighbours.
            let rest = out.replacen(&format!("{before} "), "", 1);
            let longest = if name.ends_with("Base64") { 12 } else { 2 };
            let left = rest.strip_suffix(&format!(" {after}")).unwrap_or(&rest);
            prop_assert!(left.len() <= longest + MASK.len() + 4, "{name}: {left}");
        }
    }

    #[test]
    fn a_text_without_a_secret_is_not_touched(text in "[a-z ,.\n\\\\&%#;0-9]{0,200}") {
        let redactor = of("UPPER-CASE-0123456789");
        prop_assert!(matches!(redactor.redact(&text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn any_json_with_a_secret_in_it_stays_json(secret in secret(), texts in prop::collection::vec(".{0,20}", 0..4), number in any::<f64>()) {
        prop_assume!(is_secret(&secret));
        let redactor = of(&secret);
        let mut texts = texts;
        texts.push(format!("\n{secret}\\"));
        texts.push(format!("\\{secret}"));
        let value = serde_json::json!({ "schema": 2, "texts": texts, "number": number });
        let text = value.to_string();
        let out = redactor.redact(&text).into_owned();
        let read: serde_json::Value = serde_json::from_str(&out).map_err(|error| TestCaseError::fail(format!("{error}: {out}")))?;
        prop_assert_eq!(&read["schema"], 2);
        prop_assert!(!out.contains(&secret));
    }
}
