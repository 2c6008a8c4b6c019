//! Proxies and certificates: which way each client of the program takes, from the environment to a
//! proxy that keeps a log.

use std::collections::BTreeSet;

use crate::support::github::{GitHub, IDENTITY_TOKEN, TOKEN};
use crate::support::proxy::{AUTHORITY, PASSWORD, Proxy};
use crate::support::runner::{Runner, Step, comments};
use crate::support::{Simulator, Workspace};

const ROLE: &str = "arn:aws:iam::123456789012:role/gate";

/// The proxy in front of GitHub and of AWS.
fn company(github: &GitHub, simulator: &Simulator) -> Proxy {
    let (github, aws) = (github.origin(), simulator.url());
    Proxy::start(&[
        ("api.sagegate.test", &github),
        ("tokens.sagegate.test", &github),
        ("aws.sagegate.test", &aws),
        ("prices.sagegate.test", &aws),
    ])
}

/// A pull request in a network where everything is behind the proxy.
fn behind(github: &GitHub, simulator: &Simulator) -> Runner {
    Runner::with_aws(github, simulator)
        .with("GITHUB_API_URL", "https://api.sagegate.test")
        .with(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "https://tokens.sagegate.test/_identity/token?api-version=2.0",
        )
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", IDENTITY_TOKEN)
        .with("AWS_ENDPOINT_URL", "https://aws.sagegate.test")
        .with("SAGEGATE_PRICE_LIST_URL", "https://prices.sagegate.test")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .input("role-to-assume", ROLE)
        .input("prices", "latest")
        .model("m")
        .input("memory-sizes", "2048")
        .input("invocations", "20")
}

fn hosts(proxy: &Proxy) -> BTreeSet<String> {
    proxy.log().into_iter().collect()
}

#[track_caller]
fn assert_nothing_secret(step: &Step) {
    let printed = format!("{}{}", step.outcome.stdout, step.outcome.stderr);
    let encoded = PASSWORD.replace('@', "%40").replace(':', "%3A");
    for secret in [PASSWORD, &encoded, "cnVubmVyOn", TOKEN, IDENTITY_TOKEN] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}

#[test]
fn github_tokens_aws_and_prices_go_through_the_proxy_and_its_authority_is_believed() {
    for (proxy_variable, authority_variable) in [
        ("HTTPS_PROXY", "SSL_CERT_FILE"),
        ("https_proxy", "AWS_CA_BUNDLE"),
        ("ALL_PROXY", "AWS_CA_BUNDLE"),
    ] {
        let (github, simulator) = (GitHub::start(), Simulator::quick());
        let proxy = company(&github, &simulator);
        let mut runner = behind(&github, &simulator)
            .with(proxy_variable, &proxy.url())
            .with(authority_variable, AUTHORITY)
            .with("RUST_LOG", "trace");
        let step = runner.step().expect(0);
        assert_eq!(step.output("verdict"), "no-baseline");
        let all = ["api", "aws", "prices", "tokens"];
        let all = all.map(|name| format!("CONNECT {name}.sagegate.test"));
        assert_eq!(hosts(&proxy), all.into(), "{proxy_variable}");
        assert_eq!(comments(&github).len(), 1);
        assert_nothing_secret(&step);
        simulator.assert_nothing_is_left();
    }
}

#[test]
fn an_unknown_authority_is_refused_with_the_variable_that_names_one() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let proxy = company(&github, &simulator);
    let mut runner = behind(&github, &simulator).with("HTTPS_PROXY", &proxy.url());
    let step = runner.step().expect(2);
    assert!(comments(&github).is_empty() && github.log().is_empty());
    assert!(
        step.outcome.stderr.contains("certificate")
            && step.outcome.stderr.contains("SSL_CERT_FILE"),
        "{}",
        step.outcome.stderr
    );
    assert_nothing_secret(&step);
}

#[test]
fn the_loopback_never_goes_through_a_proxy() {
    let github = GitHub::start();
    let proxy = Proxy::start(&[]);
    let variables = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"];
    let runner = variables.iter().fold(Runner::new(&github), |runner, name| {
        runner.with(name, &proxy.url())
    });
    let step = runner
        .input("simulate", "xgboost")
        .input("memory-sizes", "2048")
        .input("invocations", "50")
        .step()
        .expect(0);
    assert_eq!(step.output("verdict"), "no-baseline");
    assert_eq!(comments(&github).len(), 1);
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator).with("HTTP_PROXY", &proxy.url());
    workspace.run(&["--invocations", "20"]).expect(0);
    assert_eq!(proxy.log(), Vec::<String>::new());
}

/// An address that only Linux takes for this machine.
fn not_loopback(url: &str) -> String {
    url.replace("127.0.0.1", "0.0.0.0")
}

#[test]
fn hosts_in_no_proxy_are_reached_without_it() {
    let simulator = Simulator::quick();
    let proxy = Proxy::start(&[]);
    let prices = |name: &str, list: &str| {
        let workspace = Workspace::without_aws()
            .with("HTTP_PROXY", &proxy.url())
            .with("SAGEGATE_PRICE_LIST_URL", &not_loopback(&simulator.url()))
            .with(name, list);
        workspace
            .sagegate(&["prices", "--region", "us-east-1"])
            .expect(0);
        proxy.log().len()
    };
    let port = simulator.url().rsplit(':').next().unwrap().to_owned();
    assert_eq!(prices("NO_PROXY", "0.0.0.0"), 0);
    assert_eq!(prices("no_proxy", "git.acme.example, 0.0.0.0/8"), 0);
    assert_eq!(prices("NO_PROXY", &format!("0.0.0.0:{port}")), 0);
    assert_eq!(prices("NO_PROXY", "*"), 0);
    assert!(prices("NO_PROXY", "git.acme.example") > 0);
    assert!(proxy.log().iter().all(|line| line == "GET 0.0.0.0"));
}

#[test]
fn a_proxy_that_wants_a_password_is_named_and_nothing_is_created() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let proxy = company(&github, &simulator);
    let mut runner = behind(&github, &simulator)
        .with("HTTPS_PROXY", &proxy.url_without_password())
        .with("SSL_CERT_FILE", AUTHORITY);
    let step = runner.step().expect(2);
    assert!(
        step.outcome.stderr.contains("proxy"),
        "{}",
        step.outcome.stderr
    );
    assert!(simulator.operations().is_empty());
}

#[test]
fn a_variable_that_cannot_be_used_is_one_error_before_anything_is_created() {
    let simulator = Simulator::quick();
    for (name, value, words) in [
        (
            "HTTP_PROXY",
            "socks5://u:geheim@127.0.0.1:1",
            "error: HTTP_PROXY is not the http(s) address of a proxy; write it as http://HOST:PORT",
        ),
        (
            "https_proxy",
            "http://u:geheim geheim@x",
            "error: https_proxy is not the http(s) address of a proxy",
        ),
        (
            "AWS_CA_BUNDLE",
            "missing.pem",
            "error: AWS_CA_BUNDLE: cannot read `missing.pem`: No such file",
        ),
        (
            "SSL_CERT_FILE",
            "samples.jsonl",
            "error: SSL_CERT_FILE: `samples.jsonl` holds no usable certificate in PEM format",
        ),
    ] {
        let workspace = Workspace::new(&simulator).with(name, value);
        let outcome = workspace.run(&[]).expect(2);
        assert!(outcome.stderr.starts_with(words), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("geheim"));
    }
    assert!(simulator.operations().is_empty());
}
