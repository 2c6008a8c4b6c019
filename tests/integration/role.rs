//! A role that is assumed with the job's identity token, from the action's inputs to the bytes on
//! the wire.

use serde_json::Value;

use crate::support::github::{Failure, GitHub, IDENTITY_TOKEN};
use crate::support::runner::{Runner, comments};
use crate::support::{QUICK, Simulator};

const ROLE: &str = "arn:aws:iam::123456789012:role/gate";

/// Sessions end while the run lasts. They cannot be much shorter: the SDK renews one 10 s before
/// its end.
fn simulator() -> Simulator {
    let short = "seed = 1\nsession_seconds = 12\nbuckets = [\"models\"]\n";
    Simulator::start(&QUICK.replace("seed = 1\n", short))
}

/// A runner without credentials, whose job may ask for identity tokens.
fn runner(github: &GitHub, simulator: &Simulator) -> Runner {
    Runner::with_aws(github, simulator)
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", &github.identity_url())
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", IDENTITY_TOKEN)
        .input("role-to-assume", ROLE)
        .model("m-steady")
}

fn sessions(simulator: &Simulator) -> u64 {
    let requests = &simulator.state()["requests"];
    requests["AssumeRoleWithWebIdentity"].as_u64().unwrap_or(0)
}

#[test]
fn a_run_that_outlasts_its_session_goes_on_with_the_next_one() {
    let (github, simulator) = (GitHub::start(), simulator());
    github.fail(Failure::new("GET", "/_identity/token", 503, "busy"));
    let mut runner = runner(&github, &simulator)
        .input("baseline", "s3://models/churn.json")
        .input("cold-start-delay", "13s")
        .push_to_main();
    let step = runner.step().expect(0);
    assert_eq!(step.output("verdict"), "no-baseline");
    // Calls came after the first session's end, and none was refused.
    let state = simulator.state();
    let first_session = control_plane(&state, "AssumeRoleWithWebIdentity")[0];
    let deletions = control_plane(&state, "DeleteEndpoint");
    assert!(
        deletions.iter().all(|at| *at > first_session + 12_000),
        "{deletions:?}"
    );
    let refused = state["control_plane"].as_array().unwrap().iter();
    let refused: Vec<&Value> = refused
        .filter(|it| it["error"] == "ExpiredTokenException")
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
    let opened = sessions(&simulator);
    assert!((3..=20).contains(&opened), "{opened} sessions");
    assert!(simulator.object("models", "churn.json").is_some());
    // Nothing secret is printed.
    let printed = format!("{}{}", step.outcome.stdout, step.outcome.stderr);
    assert!(
        !printed.contains(IDENTITY_TOKEN) && !printed.contains("simulated-session"),
        "{printed}"
    );

    // The clean-up of the step acts as the role, too.
    let ledger = runner.workspace.path("sagegate-results/ledger.json");
    let state = [("ledger".to_owned(), ledger.display().to_string())];
    runner.clean_up(&state.into()).expect(0);
    assert!(sessions(&simulator) > opened);
}

/// When each call of an operation came, in milliseconds since the simulator's start.
fn control_plane(state: &Value, operation: &str) -> Vec<u64> {
    let calls = state["control_plane"].as_array().unwrap().iter();
    let calls = calls.filter(|it| it["operation"] == operation);
    calls.map(|it| it["at_ms"].as_u64().unwrap()).collect()
}

#[test]
fn without_the_permission_the_way_out_is_named_and_a_fork_is_not_run() {
    let (github, simulator) = (GitHub::start(), simulator());
    let mut own = runner(&github, &simulator).without("ACTIONS_ID_TOKEN_REQUEST_URL");
    let step = own.step().expect(2);
    let errors = step.annotations("error");
    assert!(
        errors.len() == 1
            && errors[0].contains("the job may not ask GitHub for an identity token")
            && errors[0].contains("permissions: id-token: write"),
        "{errors:?}"
    );
    assert!(comments(&github)[0].contains("could not be measured"));

    let mut fork = own.pull_request_of("someone/churn");
    let step = fork.step().expect(0);
    assert_eq!(step.output("verdict"), "not-run");
    assert_eq!(sessions(&simulator), 0);
}

#[test]
fn a_role_that_does_not_trust_the_repository_is_reported_before_anything_is_created() {
    let denied = "[[operation_faults]]\noperation = \"AssumeRoleWithWebIdentity\"\nkind = \"access_denied\"\nevery = 1";
    let (github, simulator) = (GitHub::start(), Simulator::quick_with(denied));
    let step = runner(&github, &simulator).step().expect(2);
    let errors = step.annotations("error");
    assert!(
        errors.len() == 1
            && errors[0].contains(
                "the role arn:aws:iam::***:role/gate cannot be assumed: AssumeRoleWithWebIdentity failed: AccessDenied"
            )
            && errors[0].contains("trust policy")
            && errors[0].contains("(subject of the token: `repo:acme/churn:pull_request`)")
            && errors[0].contains("`repo:OWNER@ID/REPOSITORY@ID:...`")
            && errors[0].contains("gh api repos/OWNER/REPOSITORY --jq '[.owner.id,.id]'"),
        "{errors:?}"
    );
    let state = simulator.state();
    assert_eq!(state["requests"]["CreateEndpoint"], Value::Null);
}

#[test]
fn a_token_service_that_refuses_is_named_without_its_token() {
    let (github, simulator) = (GitHub::start(), simulator());
    let wrong = "identity-request-of-another-job";
    let mut runner = runner(&github, &simulator).with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", wrong);
    let step = runner.step().expect(2);
    let errors = step.annotations("error");
    assert!(
        errors.len() == 1 && errors[0].contains("GitHub gave no identity token: HTTP status 401"),
        "{errors:?}"
    );
    assert!(!step.outcome.stderr.contains(wrong));
}

#[test]
fn a_long_plan_with_temporary_credentials_gives_a_warning() {
    let (github, simulator) = (GitHub::start(), simulator());
    let mut long = Runner::with_aws(&github, &simulator)
        .with("AWS_SESSION_TOKEN", "temporary")
        .with("AWS_CREDENTIAL_EXPIRATION", "2026-11-22T00:00:00Z")
        .model("m-steady");
    let step = long.step().expect(0);
    let warnings = step.annotations("warning");
    assert!(
        warnings.iter().any(
            |it| it.contains("the temporary AWS credentials end in 0 min")
                && it.contains("input `role-to-assume`")
        ),
        "{warnings:?}"
    );
    let step = long.without("AWS_CREDENTIAL_EXPIRATION").step().expect(0);
    let warnings = step.annotations("warning");
    assert!(
        !warnings.iter().any(|it| it.contains("temporary")),
        "{warnings:?}"
    );
}
