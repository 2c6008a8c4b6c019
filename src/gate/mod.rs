//! PURE: from numbers and history to a verdict.

mod acceptance;
mod allow;
mod aside;
mod calibration;
mod change;
mod compare;
mod comparison;
mod confirm;
mod early;
mod extension;
mod gated;
mod history;
mod judge;
mod judgement;
mod key;
mod limits;
mod metric;
mod noise;
mod notice;
mod outlook;
mod pair_calibration;
mod pairs;
mod run_to_run;
mod server_side;
mod side_by_side;
mod stalls;
mod standstill;
mod verdict;
mod window;

pub use self::acceptance::{
    ACCEPT_LABEL, Acceptance, EarlierComment, Label, MayAccept, NotAccepted, Permission, Shown,
    UnknownShown,
};
pub use self::allow::Allowance;
pub use self::aside::{Aside, Unlike, aside};
pub use self::calibration::{ASSUMED_RUNS, Calibration, Tolerances, Visibility, calibrate};
pub use self::comparison::{
    Band, Bound, Ceiling, CeilingOutcome, Compared, Comparison, MetricJudgement, NotCompared, Rule,
    Status, Undecided,
};
pub use self::confirm::sizes_to_confirm;
pub use self::early::is_certain_failure;
pub use self::extension::is_tail_too_noisy;
pub use self::gated::{Gated, Overall};
pub use self::history::{
    BaselineFile, BaselineFileError, BranchName, Branches, Entry, Epoch, History, MAX_RUNS,
    MeasuredInTurn, NoBranchName, Origin, SizeEntry, SlowestEntry,
};
pub use self::judge::judge;
use self::judgement::Evidence;
pub use self::judgement::{BaselineSummary, Creep, Judgement};
pub use self::key::{Key, KeyDifference, Setting};
pub use self::limits::{
    CostCeiling, CostLimit, LatencyCeiling, LatencyLimit, LimitError, Limits, MemoryLimit,
};
pub use self::metric::{Metric, Tail, Value};
pub use self::noise::MATURE_RUNS;
pub use self::notice::Notice;
pub use self::outlook::{Measurements, Outlook, Provable};
pub use self::pair_calibration::{Catch, PairCalibration, PairVisibility, calibrate_pairs};
pub use self::server_side::{Percentile, ServerEntry};
pub use self::side_by_side::StoredRuns;
pub use self::standstill::{Change, Standstill};
pub use self::verdict::{Escalation, Policy, UnknownEscalation, Verdict};

#[cfg(test)]
pub(crate) mod tests;
