//! What a run would do: everything is read and checked as by the run itself, and nothing is
//! created.

use std::fmt::Write as _;
use std::sync::Arc;

use super::Outcome;
use super::backend::{Backend, Lifetime};
use super::estimate::Estimate;
use super::fail_fast::on_certain_failure;
use super::gate::{Gate, records};
use super::inputs::Inputs;
use super::measure::{Measuring, prepare};
use super::output_files::OutputFiles;
use super::policy::{ExpectedGate, MeasuringPolicy};
use super::publish::Publisher;
use crate::aws::Container;
use crate::benchmark::{ModelSource, Plan};
use crate::config::{self, Measurement, Output, Target};
use crate::error::UsageError;
use crate::exit::ExitStatus;
use crate::gate::{History, Limits};
use crate::process::Process;
use crate::text::{one_line, plural};
use crate::units::saturating_u32;

/// A run that is only planned.
#[derive(Clone, Copy)]
pub(crate) struct Proposal<'a> {
    pub(crate) measurement: &'a Measurement,
    pub(crate) target: &'a Target,
    pub(crate) gate: &'a config::Gate,
    pub(crate) fail_fast: bool,
}

/// Prints the plan.
pub(crate) async fn dry_run(it: Proposal<'_>, publisher: &Publisher, process: &Process) -> Outcome {
    // The run's own folder stays as it is.
    let folder = tempfile::tempdir().map_err(|source| UsageError::Output {
        path: std::env::temp_dir(),
        source,
    })?;
    let output = Output::New(folder.path().to_owned());
    let (inputs, backend) = Box::pin(Backend::with_inputs(
        it.measurement,
        it.target,
        &output,
        process,
    ))
    .await?;
    let planned = plan(it, inputs, &output, &backend, (publisher, process));
    let planned = Box::pin(planned).await;
    backend.close(process).await;
    process.print(&planned?);
    Ok(ExitStatus::Success)
}

async fn plan(
    it: Proposal<'_>,
    inputs: Inputs,
    output: &Output,
    backend: &Backend,
    (publisher, process): (&Publisher, &Process),
) -> Result<String, crate::error::Error> {
    let gate = Gate::open(it.gate, publisher, process).await?;
    let files = OutputFiles::of(output.folder());
    let region = backend.session.region();
    let prices = inputs.prices.of_region(region, &files, process).await?;
    let history = gate.history(&it.measurement.name)?;
    let policy = MeasuringPolicy {
        prices,
        strategy: it.measurement.recommend.strategy,
        gate: Some(ExpectedGate {
            limits: it.gate.judging.limits,
            history: history.clone(),
            on_certain_failure: on_certain_failure(it.fail_fast, &gate, process).await,
            on_failure: gate.on_failure(process),
        }),
    };
    let measuring = Measuring {
        measurement: it.measurement,
        output,
        backend,
        policy: Arc::new(policy),
        run_number: None,
    };
    let prepared = prepare(&measuring, inputs, process).await?;
    let verb = if records(it.gate.mode, process) {
        "is added to"
    } else {
        "is compared with"
    };
    let facts = Facts {
        plan: &prepared.plan,
        backend,
        policy: &measuring.policy,
        baseline: format!("{verb} {}: {}", gate.uri(), recorded(&history)),
    };
    Ok(facts.text(&it.gate.judging.limits))
}

/// What the plan's text is made of.
struct Facts<'a> {
    plan: &'a Plan,
    backend: &'a Backend,
    policy: &'a MeasuringPolicy,
    baseline: String,
}

impl Facts<'_> {
    fn text(&self, limits: &Limits) -> String {
        let estimate = Estimate::of(self.plan, self.policy, self.backend);
        let prices = &self.policy.prices;
        let basis = estimate.basis();
        let rows = [
            ("model", model(self.plan)),
            ("samples", samples(self.plan)),
            ("endpoints", endpoints(self.plan)),
            ("calls", estimate.calls().to_owned()),
            ("baseline", self.baseline.clone()),
            ("limits", limits_of(limits)),
            (
                "prices",
                format!("{}, list of {}", prices.region, prices.published),
            ),
            ("takes", format!("{}{basis}", estimate.time())),
            ("costs", format!("{}{basis}", estimate.price())),
        ];
        let name = one_line(&self.plan.identity.name);
        let mut text = format!("Plan for {name} {}; nothing was created:\n\n", self.place());
        for (label, words) in rows {
            let _ = writeln!(text, "  {label:<9}  {}", one_line(&words));
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn place(&self) -> String {
        match self.backend.lifetime {
            Lifetime::Account => format!("on AWS in {}", self.backend.session.region()),
            Lifetime::Command => "on a simulated AWS".to_owned(),
            Lifetime::Machine => "on this machine".to_owned(),
        }
    }
}

fn model(plan: &Plan) -> String {
    let of = |source: &ModelSource| match source {
        ModelSource::Existing(name) => format!("{name}, which exists"),
        ModelSource::Created { container, .. } => {
            let origin = match container {
                Container::Image { image_uri, .. } => image_uri,
                Container::Package { arn, .. } => arn,
            };
            format!("created of {origin} for the run")
        }
    };
    let own = of(&plan.identity.model);
    match &plan.identity.reference {
        None => own,
        Some(reference) => format!("{own}; in turn with {}", of(&reference.source)),
    }
}

fn samples(plan: &Plan) -> String {
    let info = plan.samples.info();
    format!(
        "{} of {}",
        plural(saturating_u32(info.count), "sample"),
        info.source
    )
}

fn endpoints(plan: &Plan) -> String {
    let sizes = plan
        .options
        .memory_sizes
        .iter()
        .map(|it| it.get().to_string());
    let sizes = format!("{} MB", sizes.collect::<Vec<_>>().join(", "));
    let mut loads = plan.load_endpoints.iter().peekable();
    if loads.peek().is_none() {
        return sizes;
    }
    let loads = loads.map(|it| it.max_concurrency.to_string());
    format!(
        "{sizes}; under load with MaxConcurrency {}",
        loads.collect::<Vec<_>>().join(", ")
    )
}

fn recorded(history: &History) -> String {
    let Some(newest) = history.newest() else {
        return "no runs yet".to_owned();
    };
    let runs = plural(saturating_u32(history.entries().len()), "run");
    let short = |it: &String| it.chars().take(7).collect::<String>();
    let commit = newest.commit.as_ref().map(short);
    let commit = commit.map_or_else(
        || "an unknown commit".to_owned(),
        |it| format!("commit {it}"),
    );
    format!(
        "{runs}, the last of {commit}, {}",
        newest.at.strftime("%Y-%m-%d")
    )
}

fn limits_of(limits: &Limits) -> String {
    let mut words = vec![
        format!(
            "memory {}",
            or_off(&limits.max_memory_increase.to_string(), " MB")
        ),
        format!("p99 {}", or_off(&limits.max_p99_increase.to_string(), "")),
        format!("cost {}", or_off(&limits.max_cost_increase.to_string(), "")),
    ];
    words.extend(
        limits
            .max_p99
            .map(|it| format!("p99 at most {} ms", it.0.get())),
    );
    words.extend(
        limits
            .max_cost
            .map(|it| format!("cost at most ${}", it.0.get())),
    );
    words.join(", ")
}

fn or_off(limit: &str, unit: &str) -> String {
    match limit {
        "off" => "not judged".to_owned(),
        limit => format!("+{limit}{unit}"),
    }
}
