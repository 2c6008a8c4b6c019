//! The lower half of the hourglass, step by step: analyse, judge, compose, write, publish.

use std::borrow::Cow;
use std::path::Path;

use super::accept::under_labels;
use super::output_files::OutputFiles;
use super::publish::{Publication, Publisher};
use crate::analysis::{Analysis, Wanted, analyse};
use crate::baseline::BaselineUri;
use crate::config::Recommend;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::gate::{
    self, BaselineFile, Entry, History, Judgement, Limits, MayAccept, Policy, Status, Verdict,
};
use crate::github::Context;
use crate::prices::DatedPrices;
use crate::process::{Process, now};
use crate::report::{self, Color, Consequence, Links, Numbers, Report};
use crate::result::RunResult;
use crate::text::one_line;

/// A result and all that decides about it.
pub(crate) struct Case<'a> {
    pub(crate) run: &'a RunResult,
    /// Prices of the run's region.
    pub(crate) prices: &'a DatedPrices,
    pub(crate) recommend: &'a Recommend,
    pub(crate) limits: Limits,
}

/// What becomes of a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Purpose {
    /// It decides the exit code.
    Gate(Policy),
    /// The run is added to the baseline in any case.
    Record,
    /// Nothing is compared.
    Show,
}

/// What is done when a file of the output folder cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnUnwritable {
    /// The command ends: all it does is write.
    Fail,
    /// A warning: the verdict of what was measured still follows.
    Warn,
}

/// Where a verdict goes.
pub(crate) struct Ending<'a> {
    pub(crate) purpose: Purpose,
    /// Where the baseline is kept, for the text that says how to create one.
    pub(crate) baseline: Option<&'a BaselineUri>,
    /// Where the measurements are kept, for the same text.
    pub(crate) result_file: &'a Path,
    pub(crate) files: &'a OutputFiles,
    pub(crate) on_unwritable: OnUnwritable,
    pub(crate) publisher: &'a Publisher,
    /// Whose label accepts a failure.
    pub(crate) may_accept: MayAccept,
    /// Where runs of models with other names are.
    pub(crate) others: Option<&'a BaselineFile>,
}

/// A verdict with its report, and the entry that would record the run; `None` when nothing was
/// measured.
pub(crate) struct Conclusion {
    pub(crate) judgement: Judgement,
    pub(crate) entry: Option<Entry>,
    numbers: Numbers,
    report: Report,
}

/// Analyses, judges, composes, writes and prints; [`Conclusion::publish`] is the last step.
pub(crate) async fn conclude(
    case: &Case<'_>,
    history: &History,
    ending: &Ending<'_>,
    process: &Process,
) -> Result<Conclusion, Error> {
    let analysis = case.analyse();
    let links = ending.links(case.run.commit.as_deref(), process);
    let judged = ending.purpose.judged(case.run);
    let judged = Case {
        run: judged.as_ref(),
        ..*case
    };
    let mut judgement = judge(&judged, &analysis, history, ending, &links, process).await;
    judgement.aside = gate::aside(case.run, &analysis, &judgement, history, ending.others);
    let compose = match ending.purpose {
        Purpose::Show => report::compose_measurement,
        Purpose::Gate(_) | Purpose::Record => report::compose,
    };
    let report = compose(case.run, &analysis, &judgement, &links);
    ending.write(case.run, &analysis, &judgement, &report, process)?;
    // Colours are taken out again where stdout cannot show them.
    process.print(&report::terminal(&report, Color::Always));
    process.print(&format!(
        "\nHTML report: {}",
        one_line(&ending.files.html_report().display().to_string())
    ));
    let entry = judgement
        .recommended
        .map(|recommended| Entry::new(case.run, &analysis, recommended));
    Ok(Conclusion {
        numbers: Numbers::of(case.run, &analysis, &judgement),
        judgement,
        entry,
        report,
    })
}

impl Purpose {
    /// The part of a run that the purpose judges: a reference decides about pull requests alone.
    fn judged(self, run: &RunResult) -> Cow<'_, RunResult> {
        match self {
            Self::Gate(_) => Cow::Borrowed(run),
            Self::Record | Self::Show => run.without_reference(),
        }
    }
}

impl Case<'_> {
    fn analyse(&self) -> Analysis {
        let wanted = Wanted {
            strategy: self.recommend.strategy,
            expected_rate_per_s: self.recommend.expected_rate_per_s,
        };
        analyse(self.run, self.prices, wanted)
    }
}

/// The verdict, under what a label on the pull request accepts. A run that is recorded is recorded
/// regardless of labels.
async fn judge(
    case: &Case<'_>,
    analysis: &Analysis,
    history: &History,
    ending: &Ending<'_>,
    links: &Links,
    process: &Process,
) -> Judgement {
    let judgement = gate::judge(case.run, analysis, Some(history), &case.limits, now());
    let Some(conversation) = ending.conversation() else {
        return judgement;
    };
    let key = report::comment_key(case.run, analysis.strategy, links);
    under_labels(judgement, conversation, ending.may_accept, &key, process).await
}

impl Ending<'_> {
    fn conversation(&self) -> Option<&super::publish::Conversation> {
        let conversation = self.publisher.conversation.as_ref().ok();
        conversation.filter(|_| matches!(self.purpose, Purpose::Gate(_)))
    }

    fn links(&self, commit: Option<&str>, process: &Process) -> Links {
        Links {
            baseline: self.baseline.map(ToString::to_string),
            result: Some(self.result_file.display().to_string()),
            // A merge queue's run leaves the comment alone, which a label accepts.
            can_be_labelled: self
                .conversation()
                .is_some_and(|it| it.merge_group.is_none()),
            label_needs: self.may_accept.permission,
            ..links(commit, self.publisher, process)
        }
    }

    fn write(
        &self,
        run: &RunResult,
        analysis: &Analysis,
        judgement: &Judgement,
        report: &Report,
        process: &Process,
    ) -> Result<(), Error> {
        let written = self.files.write_report(report);
        let written = written.and_then(|()| self.files.write_tables(run, analysis, judgement));
        match written {
            Err(error) if self.on_unwritable == OnUnwritable::Fail => return Err(error),
            Err(error) => process.warn(&error.one_line()),
            Ok(()) => {}
        }
        Ok(())
    }
}

impl Conclusion {
    /// Publishes the report on GitHub; returns how the process ends.
    pub(crate) async fn publish(&self, ending: &Ending<'_>, process: &Process) -> ExitStatus {
        let verdict = self.judgement.verdict;
        let exit_status = match ending.purpose {
            Purpose::Gate(policy) => verdict.exit_status(policy),
            // Without a measurement there is nothing to record or to show, either.
            Purpose::Record | Purpose::Show if verdict == Verdict::CouldNotMeasure => {
                verdict.exit_status(Policy::default())
            }
            Purpose::Record | Purpose::Show => ExitStatus::Success,
        };
        let publication = Publication {
            report: &self.report,
            numbers: self.numbers.clone(),
            changed: is_change(&self.judgement),
            consequence: match ending.purpose {
                _ if exit_status != ExitStatus::Success => Consequence::Fails,
                Purpose::Gate(_) => Consequence::Passes,
                Purpose::Record | Purpose::Show => Consequence::Undecided,
            },
            result: Some(ending.result_file),
            html: &ending.files.html_report(),
        };
        ending.publisher.publish(&publication, process).await;
        exit_status
    }
}

/// Whether something differs from the baseline by more than noise, or there is nothing to compare
/// with.
fn is_change(judgement: &Judgement) -> bool {
    let mut metrics = judgement.all_metrics();
    judgement.verdict != Verdict::Pass || metrics.any(|it| it.status == Status::Improved)
}

/// The pages of the CI run and of the commit, and what else the comment must say of where it comes
/// from.
pub(super) fn links(commit: Option<&str>, publisher: &Publisher, process: &Process) -> Links {
    let context = process.context();
    let of_commit = |context: &Context| Some(context.commit_url(commit?));
    let triggered = publisher.context.as_ref();
    let written_by = triggered
        .filter(|it| it.workflow_run().is_some())
        .and_then(|it| {
            let attempt = it.run_attempt.unwrap_or(1);
            Some(format!("{}-{attempt}", it.run_id.as_deref()?))
        });
    Links {
        run_url: context.and_then(Context::run_url),
        commit_url: context.and_then(of_commit),
        workflow: publisher.workflow().map(str::to_owned),
        written_by,
        ..Links::default()
    }
}
