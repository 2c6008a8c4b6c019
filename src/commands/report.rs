//! `sagegate report`: writes comment and page of a saved result again, without AWS.

use crate::config::Report;
use crate::exit::ExitStatus;
use crate::gate::{History, Limits, MayAccept};
use crate::pipeline::Outcome;
use crate::pipeline::conclude::{Case, Ending, OnUnwritable, Purpose, conclude};
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::prices::Prices;
use crate::pipeline::publish::Publisher;
use crate::process::Process;
use crate::result::RunResult;

/// Writes comment and page of a saved result again; publishes nothing.
pub(super) async fn report(report: &Report, process: &Process) -> Outcome {
    let run = RunResult::read(&report.result)?;
    let prices = Prices::read(&report.recommend.prices)?;
    let case = Case {
        run: &run,
        prices: &prices.of_result(&run, process).await?,
        recommend: &report.recommend,
        limits: Limits::default(),
    };
    let ending = Ending {
        purpose: Purpose::Show,
        baseline: None,
        result_file: &report.result,
        files: &OutputFiles::of(&report.output_dir),
        on_unwritable: OnUnwritable::Fail,
        publisher: &Publisher::without_comment(process),
        may_accept: MayAccept::default(),
        others: None,
    };
    conclude(&case, &History::default(), &ending, process).await?;
    Ok(ExitStatus::Success)
}
