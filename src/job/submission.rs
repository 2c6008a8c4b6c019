//! A job from its inputs to its result: what `submit` sends, starts, waits for and fetches.

use super::follow::Watch;
use super::gather::{EndedJob, ResultFetcher};
use super::input::{COMMAND, INPUT, JobInput, OUTPUT, models_with_variables};
use crate::aws::{AwsErrorKind, Creation, Objects, ProcessingJobSpec, S3Folder, Session};
use crate::benchmark::{Ledger, Plan, stop_jobs};
use crate::config::Submit;
use crate::error::{Error, UsageError};
use crate::pipeline::backend::Backend;
use crate::pipeline::cleanup_handoff::CleanupHandoff;
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::publish::set_outputs;
use crate::process::Process;
use crate::result::{Leftover, RunResult};
use crate::units::saturating_u32;

/// A job, from its inputs to its result.
pub(crate) struct Submission<'a> {
    pub(crate) name: String,
    /// Its folder in S3.
    pub(crate) folder: S3Folder,
    pub(crate) ledger: Ledger,
    pub(crate) backend: &'a Backend,
    pub(crate) objects: Objects,
    pub(crate) files: OutputFiles,
    pub(crate) submit: &'a Submit,
    pub(crate) process: &'a Process,
}

impl Submission<'_> {
    const fn session(&self) -> &Session {
        &self.backend.session
    }

    /// The output folder is ready before anything costs money.
    pub(crate) fn prepare_folder(&self) -> Result<(), Error> {
        self.files.clear()?;
        self.files.write_ledger(&self.ledger)
    }

    /// Sends the inputs and creates the job. Models whose containers get variables are created
    /// here: what S3 keeps holds no value of them.
    pub(crate) async fn start(&self, input: &JobInput, plan: &Plan) -> Result<(), Error> {
        let mut created = Vec::new();
        let started = match self.create_models(plan, &mut created).await {
            Ok(()) => self.send_and_create(input, plan).await,
            Err(error) => Err(error),
        };
        if started.is_err() {
            for name in created {
                if let Err(error) = self.session().delete_model(name).await {
                    self.process
                        .warn(&format!("not deleted: model {name}: {error}"));
                }
            }
        }
        started
    }

    async fn create_models<'a>(
        &self,
        plan: &'a Plan,
        created: &mut Vec<&'a str>,
    ) -> Result<(), Error> {
        for model in models_with_variables(plan) {
            if self.session().create_model(model).await? == Creation::Taken {
                let address = model.name.clone();
                return Err(UsageError::SubmittedBefore { address }.into());
            }
            created.push(&model.name);
        }
        Ok(())
    }

    async fn send_and_create(&self, input: &JobInput, plan: &Plan) -> Result<(), Error> {
        let folder = self.folder.join("input");
        input
            .send(plan, &self.ledger, &self.objects, &folder)
            .await?;
        match self.session().create_processing_job(&self.spec(plan)).await {
            Ok(()) => {}
            // Only this run sends inputs of this name: the answer to an earlier attempt was lost.
            Err(error) if error.kind == AwsErrorKind::AlreadyExists => {}
            Err(error) => {
                if matches!(error.kind, AwsErrorKind::Transport | AwsErrorKind::Service) {
                    self.make_sure_it_does_not_run().await;
                }
                return Err(error.into());
            }
        }
        set_outputs(&[("job", self.name.clone())], self.process);
        let region = self.session().region();
        self.process
            .note(&format!("submitted job {} in {region}", self.name));
        Ok(())
    }

    /// A failed call may still have created the job, when only the answer was lost.
    async fn make_sure_it_does_not_run(&self) {
        let timeout = self.submit.measurement.options.cleanup_timeout;
        let left = stop_jobs(self.session(), &self.ledger.jobs, timeout)
            .await
            .left;
        if !left.is_empty() {
            self.process
                .warn(&format!("this may cost money: {}", Leftover::list(&left)));
        }
    }

    fn spec(&self, plan: &Plan) -> ProcessingJobSpec {
        let job = &self.submit.job;
        let region = self.session().region().to_owned();
        ProcessingJobSpec {
            name: self.name.clone(),
            image_uri: job.image_uri.clone(),
            arguments: vec![COMMAND.to_owned()],
            environment: vec![("AWS_REGION".to_owned(), region)],
            role_arn: job.role_arn.clone(),
            instance_type: job.instance_type.clone(),
            instance_count: job.instance_count,
            input: (self.folder.join("input").to_string(), INPUT.to_owned()),
            output: (self.folder.join("output").to_string(), OUTPUT.to_owned()),
            longest_run_s: saturating_u32(job.timeout.as_secs()),
            tags: plan.tags(),
        }
    }

    pub(crate) fn say_how_to_collect(&self) {
        self.process.print(&format!(
            "job {} measures without us; with the flags of the gate, the baseline and the comment this fetches and judges \
             its result:\nsagegate collect --job {} --region {} --output-dir {}",
            self.name,
            self.name,
            self.session().region(),
            self.submit.output_dir.display()
        ));
    }

    /// Creates the job, waits for it and fetches its result.
    pub(crate) async fn wait_for(&self, input: &JobInput, plan: &Plan) -> Result<RunResult, Error> {
        let process = self.process;
        let path = self.files.ledger();
        let handoff = CleanupHandoff::register(&self.ledger, &path, self.backend, None, process);
        self.start(input, plan).await?;
        let watch = Watch {
            session: self.session(),
            job: &self.name,
            process,
            stop_after: Some(self.submit.job.timeout),
        };
        let fetcher = ResultFetcher {
            session: self.session(),
            objects: &self.objects,
            files: &self.files,
            process,
            cleanup_timeout: self.submit.measurement.options.cleanup_timeout,
        };
        let ended = match watch.until_end().await {
            Ok(ended) => ended,
            Err(error) => {
                fetcher.sweep(&self.ledger).await;
                return Err(error);
            }
        };
        let result = fetcher
            .bring_back(&EndedJob {
                name: &self.name,
                job: &ended,
                ledger: Some(&self.ledger),
                output: &self.folder.join("output"),
            })
            .await?;
        if result.cleanup.left.is_empty() {
            handoff.withdraw(process);
        }
        Ok(result)
    }
}
