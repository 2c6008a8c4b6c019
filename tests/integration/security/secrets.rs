//! Secrets of the process are in nothing that leaves it.

use super::texts_in;
use crate::submit;
use crate::support::github::{GitHub, IDENTITY_TOKEN, TOKEN};
use crate::support::runner::{Runner, Step, comments};
use crate::support::{Simulator, Workspace, run_args};

/// Names and values of what is secret, each with a part that stands in no other text.
const SECRETS: [(&str, &str); 6] = [
    (
        "AWS_SECRET_ACCESS_KEY",
        "K1canary/+abcdefghijklmnopqrstuvwxyz0123",
    ),
    ("AWS_SESSION_TOKEN", "K2canary//IQoJb3JpZ2luX2VjE=="),
    ("ACTIONS_RUNTIME_TOKEN", "K3canary.eyJhbGciOiJIUzI1NiJ9"),
    ("MODEL_API_KEY", "K4canary <b>\"quoted\"</b> & $more$ *x*"),
    ("DEPLOY_PASSWORD", "K5canary|pipe\\back_slash"),
    (
        "HTTPS_PROXY_OF_MODEL",
        "http://me:K6canary%21pw@proxy.example:3128",
    ),
];

/// Parts that give a secret away.
const PARTS: [&str; 8] = [
    "k1canary",
    "k2canary",
    "k3canary",
    "k4canary",
    "k5canary",
    "k6canary",
    "containerenvcanary",
    "idtokencanary",
];

#[track_caller]
fn assert_no_secret(texts: impl IntoIterator<Item = (String, String)>) {
    for (name, text) in texts {
        let lower = text.to_lowercase();
        for part in PARTS.iter().chain(&[TOKEN, IDENTITY_TOKEN]) {
            let at = lower.find(part);
            let around = at.map(|at| text.get(at.saturating_sub(60)..(at + 60).min(text.len())));
            assert_eq!(around, None, "{part} is in {name}");
        }
    }
}

fn seen(step: &Step, github: &GitHub, folder: &std::path::Path) -> Vec<(String, String)> {
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let mut all = vec![
        named("stdout", &step.outcome.stdout),
        named("stderr", &step.outcome.stderr),
        named("summary", &step.summary),
        named("comment", &comments(github).join("\n")),
        named("outputs", &format!("{:?}", step.outputs)),
        named("state", &format!("{:?}", step.state)),
    ];
    all.extend(texts_in(folder));
    all
}

/// What a model says that has seen everything.
fn repeated() -> String {
    let all: Vec<&str> = SECRETS.iter().map(|(_, value)| *value).collect();
    format!(
        "bad row: {} {}",
        all.join(" and "),
        all.join(" AND ").to_uppercase()
    )
}

#[test]
fn a_model_that_repeats_every_secret_publishes_none() {
    let github = GitHub::start();
    let simulator = Simulator::quick_with(&format!(
        "[life_cycle]\ncreating_seconds = 0.2\ndeleting_seconds = 0.1\nmetric_delay_seconds = 0.1\n\
         failing_memory_mb = [1024]\nfailure_reason = {:?}\n",
        repeated()
    ));
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("verbose", "2");
    for (name, value) in SECRETS {
        runner = runner.with(name, value);
    }
    let step = runner.step().expect(0);
    assert!(comments(&github)[0].contains("bad row: "), "it is shown");
    let folder = runner.workspace.path("sagegate-results");
    let texts = seen(&step, &github, &folder);
    assert!(texts.len() > 10, "{texts:?}");
    assert_no_secret(texts);
    let result = runner.workspace.read("sagegate-results/result.json");
    assert!(serde_json::from_str::<serde_json::Value>(&result).is_ok());
}

#[test]
fn a_container_gets_its_secret_and_nobody_else() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let secret = "CONTAINERENVCANARY-1\nPEM=-----BEGIN KEY-----";
    let runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .without("INPUT_MODEL-NAME")
        .input(
            "image-uri",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/m:1",
        )
        .input("execution-role-arn", "arn:aws:iam::123456789012:role/model");
    // A second line of a value is no variable, and may be secret.
    let broken = format!("API_KEY={secret}\ncontainerenvcanary second line\n");
    let mut refused = runner.input("container-env", &broken);
    let step = refused.step().expect(2);
    assert!(
        step.outcome
            .stderr
            .contains("input `container-env`: number 3 is not KEY=VALUE"),
        "{}",
        step.outcome.stderr
    );
    let folder = refused.workspace.path("sagegate-results");
    assert_no_secret(seen(&step, &github, &folder));
    assert_eq!(simulator.count("CreateModel"), 0);
}

#[test]
fn the_variables_of_a_container_are_not_kept_in_s3() {
    let simulator = submit::simulator("");
    let workspace = Workspace::new(&simulator);
    let image = "--image-uri=123456789012.dkr.ecr.us-east-1.amazonaws.com/m:1";
    let mut args = submit::submit_args("m", &["--memory-sizes", "1024", "--invocations", "10"]);
    let model = args.iter().position(|it| *it == "--model-name").unwrap();
    args.drain(model..model + 2);
    args.extend([
        image,
        "--execution-role-arn=arn:aws:iam::123456789012:role/model",
        "--container-env=API_KEY=CONTAINERENVCANARY-1",
        "-vv",
    ]);
    let outcome = workspace.sagegate(&args).expect(0);
    let job = submit::job_name(&outcome);
    for name in ["input/job.json", "input/ledger.json", "output/result.json"] {
        let key = format!("sagegate/{job}/{name}");
        let text = simulator
            .object("jobs", &key)
            .unwrap_or_else(|| panic!("{key}"));
        assert_no_secret([(key, text)]);
    }
    assert_no_secret([("log".to_owned(), outcome.stderr)]);
    assert_no_secret(texts_in(&workspace.path("sagegate-results")));
    // It is created once, with its variables, and deleted.
    assert_eq!(
        (
            simulator.count("CreateModel"),
            simulator.count("DeleteModel")
        ),
        (1, 1)
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn a_password_in_an_address_is_in_no_error_and_no_log() {
    let simulator = Simulator::quick();
    let (_, address) = {
        let url = simulator.url();
        let (scheme, address) = url.split_once("://").unwrap();
        (scheme.to_owned(), address.to_owned())
    };
    let workspace = Workspace::new(&simulator)
        .with("AWS_ENDPOINT_URL", &format!("http://me:K1canary@{address}"))
        .with("GITHUB_REPOSITORY", "acme/churn")
        .with("GITHUB_TOKEN", TOKEN)
        .with("GITHUB_API_URL", "http://user:K2canary@127.0.0.1:1");
    let outcome = workspace.sagegate(&run_args("m", &["-vv", "--memory-sizes", "1024"]));
    assert!(outcome.stderr.lines().count() > 50, "{}", outcome.stderr);
    let log = ("log".to_owned(), outcome.stderr);
    assert_no_secret([log]);
    let outcome = workspace
        .sagegate(&run_args("m", &["--baseline", "branch:sagegate"]))
        .expect(3);
    assert!(
        outcome
            .stderr
            .contains("`http://***@127.0.0.1:1` is not the https address"),
        "{}",
        outcome.stderr
    );
    assert_no_secret([("error".to_owned(), outcome.stderr)]);
}

#[test]
fn no_token_travels_over_http_to_another_machine() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator)
        .with("GITHUB_REPOSITORY", "acme/churn")
        .with("GITHUB_TOKEN", TOKEN)
        .with("GITHUB_API_URL", "http://192.0.2.1");
    let outcome = workspace
        .sagegate(&run_args("m", &["--baseline", "branch:sagegate"]))
        .expect(3);
    assert!(
        outcome
            .stderr
            .contains("`http://192.0.2.1` is not the https address"),
        "{}",
        outcome.stderr
    );
    let workspace = Workspace::new(&simulator)
        .with("GITHUB_ACTIONS", "true")
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", "http://192.0.2.1/token")
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "idtokencanary-request");
    let role = "arn:aws:iam::123456789012:role/gate";
    let outcome = workspace
        .sagegate(&run_args("m", &["--role-to-assume", role]))
        .expect(2);
    assert!(
        outcome
            .stderr
            .contains("the address is not an https address"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.count("CreateEndpoint"), 0);
}

#[test]
fn tags_that_aws_would_refuse_are_refused_before_the_start() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    for (tags, words) in [
        (
            &["sagegate:run=x"][..],
            "--tag `sagegate:run`: keys that begin with sagegate:",
        ),
        (&["aws:x=y"], "--tag `aws:x`: keys that begin with aws:"),
        (&["a=1", "a=2"], "--tag `a`: the same key is given twice"),
        (&["a=<b>"], "--tag `a`: keys and values have letters"),
    ] {
        let mut args = run_args("m", &[]);
        for tag in tags {
            args.extend(["--tag", tag]);
        }
        let outcome = workspace.sagegate(&args).expect(2);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    assert_eq!(simulator.operations(), Vec::<String>::new());
}

#[test]
fn outputs_name_no_file_that_was_not_written() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = Runner::with_aws(&github, &simulator).model("m");
    let step = { runner.on_a_full_disk(4) }.step();
    let named = step.output("result-json").to_owned();
    assert_eq!(named, "", "{}", step.outcome.stderr);
}
