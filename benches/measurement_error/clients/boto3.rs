//! `tests/clients/time_with_boto3.py`.

use std::process::Stdio;

use super::{Work, deploy, sdk_config};
use crate::pairing::Measured;
use crate::served::environment;
use crate::server::Simulator;
use crate::venv::Venv;

pub(super) fn measure(simulator: &Simulator, work: &Work, venv: &Venv) -> Measured {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let endpoint =
        runtime.block_on(async { deploy(&sdk_config(simulator).await, work.clients).await });
    let output = venv
        .python("time_with_boto3.py")
        .arg(&endpoint)
        .args([work.clients, work.calls].map(|it| it.to_string()))
        .arg(work.bytes.to_string())
        .envs(environment(simulator))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "time_with_boto3.py: {}",
        output.status
    );
    Measured {
        endpoint,
        calls: serde_json::from_slice(&output.stdout).unwrap(),
    }
}
