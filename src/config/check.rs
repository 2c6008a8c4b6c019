//! Arguments become commands: every combination of flags is checked here, and nowhere else.

use super::args::{self, BenchmarkArgs, CalibrateArgs, MeasurementArgs, RunArgs, SubmitArgs};
use super::command::{Benchmark, Calibrate, Command, Completions, Rejected, Run, Submit};
use super::error::ConfigError;
use super::gate::{Attempt, Gate, Judging};
use super::measurement::{
    Checked, LoadDefault, Measurement, Output, SamplesSource, name_of, output_of,
};
use super::model::{Target, target_of};
use super::reference::Beside;
use crate::gate::Policy;
use crate::result::LatencySource;

impl TryFrom<args::Command> for Command {
    type Error = Box<Rejected>;

    fn try_from(command: args::Command) -> Result<Self, Self::Error> {
        Ok(match command {
            args::Command::Run(args) => {
                Self::Run(Box::new(attempted(Some((&*args).into()), Run::new(*args))?))
            }
            args::Command::Benchmark(args) => {
                let attempt = Some(Attempt::of_measurement(&args.measurement));
                Self::Benchmark(Box::new(attempted(attempt, Benchmark::new(*args))?))
            }
            args::Command::Submit(args) => {
                let attempt = Some((&args.run).into());
                Self::Submit(Box::new(attempted(attempt, Submit::new(*args))?))
            }
            args::Command::Calibrate(args) => {
                Self::Calibrate(Box::new(attempted(None, Calibrate::new(*args))?))
            }
            args::Command::Collect(args) => {
                Self::Collect(Box::new(strictly(args.gate.against_strict(), *args)?))
            }
            args::Command::InsideJob => Self::InsideJob,
            args::Command::Compare(args) => {
                Self::Compare(Box::new(strictly(args.gate.against_strict(), *args)?))
            }
            args::Command::Record(args) => Self::Record(Box::new((*args).into())),
            args::Command::Post(args) => {
                Self::Post(Box::new(strictly(args.gate.against_strict(), *args)?))
            }
            args::Command::Report(args) => Self::Report(Box::new((*args).into())),
            args::Command::Samples(args) => Self::Samples(args.into()),
            args::Command::Prices(args) => Self::Prices(args.into()),
            args::Command::Cleanup(args) => Self::Cleanup(args.into()),
            args::Command::Demo(args) => Self::Demo(args.into()),
            args::Command::Simulate(args) => Self::Simulate(args.into()),
            args::Command::Completions(args) => {
                Self::Completions(Completions { shell: args.shell })
            }
        })
    }
}

fn attempted<T>(
    attempt: Option<Attempt>,
    checked: Result<T, ConfigError>,
) -> Result<T, Box<Rejected>> {
    checked.map_err(|error| Box::new(Rejected { error, attempt }))
}

/// A command that judges a saved result.
fn strictly<A, T: From<A>>(
    contradiction: Option<&'static str>,
    args: A,
) -> Result<T, Box<Rejected>> {
    attempted(None, check_strict(contradiction).map(|()| args.into()))
}

impl Attempt {
    /// That of a command without a comment.
    fn of_measurement(args: &MeasurementArgs) -> Self {
        Self {
            name: name_of(&args.model),
            region: args.model.region.clone(),
            samples: args.model.samples.clone(),
            strategy: args.recommend.strategy,
            output: output_of(args),
            policy: Policy::default(),
            comment: None,
            github_token: None,
            pull_request: None,
            target: target_of(args),
        }
    }
}

impl Run {
    fn new(args: RunArgs) -> Result<Self, ConfigError> {
        check_fail_fast(&args)?;
        check_strict(args.against_strict())?;
        let judging = Judging {
            policy: args.policy(),
            ..(&args.gate).into()
        };
        let checked = Checked::new(args.measurement, LoadDefault::Off, Beside::Another)?;
        Ok(Self {
            dry_run: args.dry_run,
            measurement: Measurement {
                bucket_owner: args.baseline.bucket_owner.clone(),
                ..checked.measurement
            },
            target: checked.target,
            output: checked.output,
            gate: Gate::new(args.mode, judging, args.baseline, &args.comment)
                .about(&args.pull_request)
                .confirming(args.confirm),
            fail_fast: args.fail_fast,
        })
    }

    /// Where to publish that the run could not be measured.
    pub fn attempt(&self) -> Attempt {
        let target = self.target.clone();
        attempt(&self.measurement, target, self.output.clone(), &self.gate)
    }
}

/// Where to publish that a gate's run could not be measured.
fn attempt(measurement: &Measurement, target: Target, output: Output, gate: &Gate) -> Attempt {
    Attempt {
        policy: gate.judging.policy,
        comment: Some(gate.comment),
        github_token: gate.baseline.github_token.clone(),
        pull_request: gate.pull_request,
        ..silent_attempt(measurement, target, output)
    }
}

/// Where files go when a run could not be measured that comments nowhere.
fn silent_attempt(measurement: &Measurement, target: Target, output: Output) -> Attempt {
    Attempt {
        name: Some(measurement.name.clone()),
        region: measurement.region.clone(),
        samples: match &measurement.samples {
            SamplesSource::At { path, .. } => Some(path.clone()),
            SamplesSource::BuiltIn => None,
        },
        strategy: measurement.recommend.strategy,
        output,
        policy: Policy::default(),
        comment: None,
        github_token: None,
        pull_request: None,
        target,
    }
}

/// Refuses a choice that `--strict` contradicts.
fn check_strict(contradiction: Option<&'static str>) -> Result<(), ConfigError> {
    match contradiction {
        Some(flag) => Err(ConfigError::NotStrict { flag }),
        None => Ok(()),
    }
}

/// Refuses `--fail-fast` where nothing is certain before the end.
fn check_fail_fast(args: &RunArgs) -> Result<(), ConfigError> {
    if args.fail_fast && args.measurement.measure.latency_source == LatencySource::Server {
        return Err(ConfigError::NothingIsCertain);
    }
    Ok(())
}

impl Benchmark {
    fn new(args: BenchmarkArgs) -> Result<Self, ConfigError> {
        let checked = Checked::new(args.measurement, LoadDefault::On, Beside::Another)?;
        Ok(Self {
            measurement: checked.measurement,
            target: checked.target,
            output: checked.output,
        })
    }

    /// Where to publish that it could not be measured.
    pub fn attempt(&self) -> Attempt {
        silent_attempt(&self.measurement, self.target.clone(), self.output.clone())
    }
}

impl Calibrate {
    fn new(args: CalibrateArgs) -> Result<Self, ConfigError> {
        let beside = if args.against_self {
            Beside::Itself
        } else {
            Beside::Nothing
        };
        let checked = Checked::new(args.measurement, LoadDefault::Off, beside)?;
        let Output::New(output_dir) = checked.output else {
            return Err(ConfigError::CalibrationIsWhole);
        };
        Ok(Self {
            measurement: Measurement {
                bucket_owner: args.baseline.bucket_owner.clone(),
                ..checked.measurement
            },
            target: checked.target,
            output_dir,
            runs: args.runs,
            baseline: args.baseline.into(),
            seed_baseline: args.seed_baseline,
        })
    }
}

impl Submit {
    fn new(args: SubmitArgs) -> Result<Self, ConfigError> {
        let run = Run::new(args.run)?;
        let output_dir = match (run.target, run.output) {
            (Target::Aws, Output::New(folder)) => folder,
            (Target::Simulator { .. }, _) => {
                return Err(ConfigError::NotForJobs { flag: "--simulate" });
            }
            (Target::Local, _) => return Err(ConfigError::NotForJobs { flag: "--local" }),
            (Target::Aws, Output::Resumed(_)) => {
                return Err(ConfigError::NotForJobs { flag: "--resume" });
            }
        };
        if args.job.instance_count > 1 && run.measurement.options.load.is_none() {
            return Err(ConfigError::NothingToShare);
        }
        Ok(Self {
            measurement: run.measurement,
            output_dir,
            gate: run.gate,
            fail_fast: run.fail_fast,
            dry_run: run.dry_run,
            job: args.job.into(),
        })
    }

    /// Where to publish that the job measured nothing.
    pub fn attempt(&self) -> Attempt {
        let output = Output::New(self.output_dir.clone());
        attempt(&self.measurement, Target::Aws, output, &self.gate)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::Cli;
    use super::super::measurement::SamplesSource;
    use super::*;
    use crate::gate::Escalation;

    fn checked(words: &[&str]) -> Result<Command, String> {
        let typed = ["sagegate"].iter().chain(words);
        let cli = Cli::try_parse_from(typed).map_err(|error| error.to_string())?;
        Command::try_from(cli.command).map_err(|rejected| rejected.error.to_string())
    }

    fn run(words: &[&str]) -> Result<Run, String> {
        let command = checked(&[&["run"], words].concat())?;
        let Command::Run(run) = command else {
            panic!("{command:?}");
        };
        Ok(*run)
    }

    #[test]
    fn a_model_has_one_source_and_what_that_needs() {
        let role = "--execution-role-arn=arn:aws:iam::123456789012:role/r";
        let image = ["--image-uri=i", role, "--name=churn"];
        let samples = ["--samples=s.jsonl"];
        let with_data = [&image[..], &samples, &["--model-data-url=s3://b/m.tar.gz"]].concat();
        assert_eq!(run(&with_data).unwrap().measurement.name, "churn");
        for (words, expected) in [
            (&["--samples=s"][..], "not provided: --model-name <NAME>"),
            (&["--model-name=m"], "not provided: --samples <FILE|DIR>"),
            (
                &[],
                "not provided: --model-name <NAME> --samples <FILE|DIR>",
            ),
            (&["--model-name=m", "--image-uri=i"], "cannot be used with"),
            (&["--image-uri=i", "--name=n"], "--execution-role-arn"),
            (
                &["--image-uri=i", role, "--samples=s"],
                "not provided: --name <ALIAS>",
            ),
            (
                &["--model-name=m", "--model-data-url=s3://b/m"],
                "cannot be used with",
            ),
        ] {
            let error = run(words).unwrap_err();
            assert!(error.contains(expected), "{words:?}: {error}");
        }
    }

    #[test]
    fn a_simulated_model_needs_no_other_flag() {
        let run = run(&["--simulate", "profiles/slow.toml"]).unwrap();
        assert_eq!(run.measurement.name, "slow");
        assert_eq!(run.measurement.samples, SamplesSource::BuiltIn);
    }

    #[test]
    fn contradictions_are_refused() {
        let model = ["--model-name=m", "--samples=s"];
        let job = [
            "--image-uri-of-sagegate=i",
            "--job-role-arn=arn:aws:iam::123456789012:role/r",
            "--s3-output=s3://my-bucket/jobs",
        ];
        for (words, expected) in [
            (
                [
                    &["run"],
                    &model[..],
                    &["--invocations=5", "--max-invocations=4"],
                ]
                .concat(),
                ConfigError::FewerThanPlanned {
                    most: 4,
                    planned: 5,
                },
            ),
            (
                [
                    &["run"],
                    &model[..],
                    &["--fail-fast", "--latency-source=server"],
                ]
                .concat(),
                ConfigError::NothingIsCertain,
            ),
            (
                [
                    &["run"],
                    &model[..],
                    &["--strict", "--on-inconclusive=warn"],
                ]
                .concat(),
                ConfigError::NotStrict {
                    flag: "--on-inconclusive",
                },
            ),
            (
                [
                    &["submit"],
                    &model[..],
                    &job,
                    &["--strict", "--on-no-credentials=warn"],
                ]
                .concat(),
                ConfigError::NotStrict {
                    flag: "--on-no-credentials",
                },
            ),
            (
                vec!["compare", "--result=r", "--strict", "--on-no-baseline=warn"],
                ConfigError::NotStrict {
                    flag: "--on-no-baseline",
                },
            ),
            (
                [&["calibrate"], &model[..], &["--resume=d"]].concat(),
                ConfigError::CalibrationIsWhole,
            ),
            (
                [&["submit"], &model[..], &job, &["--resume=d"]].concat(),
                ConfigError::NotForJobs { flag: "--resume" },
            ),
            (
                [&["submit"], &model[..], &job, &["--simulate=xgboost"]].concat(),
                ConfigError::NotForJobs { flag: "--simulate" },
            ),
            (
                [&["submit"], &model[..], &job, &["--instance-count=2"]].concat(),
                ConfigError::NothingToShare,
            ),
        ] {
            let error = checked(&words).unwrap_err();
            assert_eq!(error, expected.to_string(), "{words:?}");
        }
    }

    #[test]
    fn strict_makes_all_three_fail_and_agrees_with_who_asks_for_that() {
        let model = ["--model-name=m", "--samples=s"];
        let policy = |words: &[&str]| run(&[&model, words].concat()).unwrap().gate.judging.policy;
        let strict = Policy {
            on_no_baseline: Escalation::Fail,
            on_inconclusive: Escalation::Fail,
            on_no_credentials: Escalation::Fail,
        };
        assert_eq!(policy(&[]), Policy::default());
        assert_eq!(policy(&["--strict"]), strict);
        assert_eq!(policy(&["--strict", "--on-no-baseline=fail"]), strict);
        let Command::Post(post) = checked(&["post", "--result=r", "--strict"]).unwrap() else {
            panic!("not post");
        };
        assert_eq!(post.gate.judging.policy, strict);
    }

    #[test]
    fn every_mistake_in_a_gate_is_announced_and_a_calibration_is_not() {
        let rejected = |words: &[&str]| {
            let typed = ["sagegate"].iter().chain(words);
            let cli = Cli::try_parse_from(typed).unwrap();
            Command::try_from(cli.command).unwrap_err()
        };
        let attempt = rejected(&["run", "--name=churn"]).attempt.unwrap();
        assert_eq!(attempt.name.as_deref(), Some("churn"));
        assert!(rejected(&["benchmark"]).attempt.unwrap().comment.is_none());
        assert!(rejected(&["calibrate"]).attempt.is_none());
    }
}
