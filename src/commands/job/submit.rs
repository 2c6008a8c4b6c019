//! `sagegate submit`: the run of `sagegate run`, on a machine of SageMaker's.

use super::super::Outcome;
use super::super::cleanup::STATE;
use super::super::credentials::warn_of_short_session;
use super::super::edges::Edges;
use super::super::handed_over::HandedOver;
use super::super::measure::{Inputs, OutputFiles, clear_output, prepare};
use super::super::place::Place;
use super::super::publish::{Publishing, set_outputs};
use super::super::run::{Gate, check_fail_fast, may_fail_fast};
use super::super::unmeasured::Attempt;
use super::follow::Watch;
use super::gather::{Ended, Hands};
use super::input::{COMMAND, INPUT, JobInput, Judging, OUTPUT};
use crate::aws::{AwsErrorKind, Objects, ProcessingJobSpec, S3Folder, Session};
use crate::benchmark::{Ledger, Plan, stop_jobs};
use crate::config::{JobArgs, RunArgs, SubmitArgs};
use crate::error::{Error, JobError};
use crate::progress::Display;
use crate::result::{Leftover, RunResult};
use crate::units::saturating_u32;

/// Submits, and unless told otherwise waits and judges as `run` does.
pub(crate) async fn submit(args: &SubmitArgs, edges: &Edges, display: Display) -> Outcome {
    let run = &args.run;
    let publishing = Publishing::of_event(run.comment.comment, &run.baseline, edges);
    match Box::pin(submit_and_judge(args, &publishing, edges, display)).await {
        Ok(exit_code) => Ok(exit_code),
        Err(error) => {
            let attempt = Attempt {
                args: &run.measurement,
                policy: run.policy(),
                publishing: &publishing,
            };
            attempt.ended(error, edges).await
        }
    }
}

async fn submit_and_judge(
    args: &SubmitArgs,
    publishing: &Publishing,
    edges: &Edges,
    display: Display,
) -> Outcome {
    let (run, job) = (&args.run, &args.job);
    check_flags(run)?;
    let inputs = Inputs::read(&run.measurement)?;
    let place = Place::open(&run.measurement, edges).await?;
    let uri = run.baseline.uri(edges.in_actions());
    let store = uri.open(&edges.access(&run.baseline))?;
    let baseline = store.load().await?;
    let prepared = prepare(&run.measurement, inputs, &place.session, edges, None, false).await?;
    let (plan, prices) = (prepared.plan, prepared.prices);
    if job.instance_count > 1 && plan.load_endpoints.is_empty() {
        return Err(JobError::NothingToShare.into());
    }
    let fail_fast = may_fail_fast(run, baseline.as_ref(), publishing, edges).await;
    let history = baseline.as_ref();
    let history = history.and_then(|file| file.history(&plan.identity.name));
    let input = JobInput::of(
        &plan,
        &Judging {
            strategy: run.measurement.recommend.strategy,
            prices: &prices,
            limits: run.gate.limits(),
            fail_fast,
            history,
            exchange: job.s3_output.join(&plan.job_name()).join("exchange"),
        },
    );
    let submitted = Submitted {
        ledger: Ledger::of(&plan, place.session.region()).with_job(plan.job_name()),
        name: plan.job_name(),
        folder: job.s3_output.join(&plan.job_name()),
        place: &place,
        objects: Objects::connect(run.measurement.model.region.clone(), edges.role()).await?,
        files: OutputFiles::of(run.measurement.output_dir()),
        edges,
        display,
    };
    submitted.prepare_folder(args)?;
    if job.no_wait {
        submitted.start(&input, &plan, args).await?;
        submitted.say_how_to_collect(run);
        return Ok(0);
    }
    warn_of_short_session(&place.session, &plan, edges);
    let result = submitted.wait_for(&input, &plan, args).await?;
    let gate = Gate::of(run, &uri, &store, publishing);
    gate.judge(&result, &prices, baseline.as_ref(), edges).await
}

/// Everything else that `run` takes has a meaning for a job.
fn check_flags(run: &RunArgs) -> Result<(), Error> {
    check_fail_fast(run)?;
    let measurement = &run.measurement;
    let flag = match (&measurement.simulate, &measurement.resume) {
        (Some(_), _) => "--simulate",
        (None, Some(_)) => "--resume",
        (None, None) => return Ok(()),
    };
    Err(JobError::Flag { flag }.into())
}

/// A job, from its inputs to its result.
struct Submitted<'a> {
    name: String,
    /// Its folder in S3.
    folder: S3Folder,
    ledger: Ledger,
    place: &'a Place,
    objects: Objects,
    files: OutputFiles,
    edges: &'a Edges,
    display: Display,
}

impl Submitted<'_> {
    const fn session(&self) -> &Session {
        &self.place.session
    }

    /// The output folder is ready before anything costs money.
    fn prepare_folder(&self, args: &SubmitArgs) -> Result<(), Error> {
        clear_output(args.run.measurement.output_dir())?;
        self.files.write_ledger(&self.ledger)
    }

    /// Sends the inputs and creates the job.
    async fn start(&self, input: &JobInput, plan: &Plan, args: &SubmitArgs) -> Result<(), Error> {
        let folder = self.folder.join("input");
        input
            .send(plan, &self.ledger, &self.objects, &folder)
            .await?;
        let spec = self.spec(plan, &args.job);
        match self.session().create_processing_job(&spec).await {
            Ok(()) => {}
            // Nobody else has sent inputs of this name: the answer to an earlier attempt was lost.
            Err(error) if error.kind == AwsErrorKind::AlreadyExists => {}
            Err(error) => {
                if matches!(error.kind, AwsErrorKind::Transport | AwsErrorKind::Service) {
                    self.make_sure_it_does_not_run(&args.run).await;
                }
                return Err(error.into());
            }
        }
        let region = self.session().region();
        set_outputs(&[("job", self.name.clone())], self.edges);
        self.edges
            .note(&format!("submitted job {} in {region}", self.name));
        Ok(())
    }

    /// A failed call may have created the job all the same, when the answer is what was lost.
    async fn make_sure_it_does_not_run(&self, run: &RunArgs) {
        let (jobs, timeout) = (&self.ledger.jobs, run.measurement.measure.cleanup_timeout);
        let left = stop_jobs(self.session(), jobs, timeout).await.left;
        if !left.is_empty() {
            self.edges
                .warn(&format!("this may cost money: {}", Leftover::list(&left)));
        }
    }

    fn spec(&self, plan: &Plan, job: &JobArgs) -> ProcessingJobSpec {
        let region = self.session().region().to_owned();
        ProcessingJobSpec {
            name: self.name.clone(),
            image_uri: job.image_uri_of_sagegate.clone(),
            arguments: vec![COMMAND.to_owned()],
            environment: vec![("AWS_REGION".to_owned(), region)],
            role_arn: job.job_role_arn.clone(),
            instance_type: job.instance_type.clone(),
            instance_count: job.instance_count,
            input: (self.folder.join("input").to_string(), INPUT.to_owned()),
            output: (self.folder.join("output").to_string(), OUTPUT.to_owned()),
            longest_run_s: saturating_u32(job.job_timeout.as_secs()),
            tags: plan.tags(),
        }
    }

    fn say_how_to_collect(&self, run: &RunArgs) {
        self.edges.print(&format!(
            "job {} measures without us; with the flags of the gate, the baseline and the comment this fetches and judges \
             its result:\nsagegate collect --job {} --region {} --output-dir {}",
            self.name,
            self.name,
            self.session().region(),
            run.measurement.output_dir().display()
        ));
    }

    /// Creates the job, waits for it and brings back what it has measured.
    async fn wait_for(
        &self,
        input: &JobInput,
        plan: &Plan,
        args: &SubmitArgs,
    ) -> Result<RunResult, Error> {
        let (run, job) = (&args.run, &args.job);
        let (edges, state) = (self.edges, STATE.to_owned());
        let handed_over =
            HandedOver::to_the_clean_up(&self.files.ledger(), self.place, edges, state);
        self.start(input, plan, args).await?;
        let watch = Watch {
            session: self.session(),
            job: &self.name,
            edges,
            display: self.display,
            stop_after: Some(job.job_timeout),
        };
        let hands = Hands {
            session: self.session(),
            objects: &self.objects,
            files: &self.files,
            edges,
            display: self.display,
            cleanup_timeout: run.measurement.measure.cleanup_timeout,
        };
        let ended = match watch.until_end().await {
            Ok(ended) => ended,
            Err(error) => {
                hands.sweep(&self.ledger).await;
                return Err(error);
            }
        };
        let result = hands
            .bring_back(&Ended {
                name: &self.name,
                job: &ended,
                ledger: &self.ledger,
                output: &self.folder.join("output"),
            })
            .await?;
        if result.cleanup.left.is_empty() {
            handed_over.take_back(edges);
        }
        Ok(result)
    }
}
