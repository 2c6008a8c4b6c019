//! What the gate can see beside a reference: how much pairs of the same model differ, and the
//! smallest regression that would be caught.

use super::calibration::Tolerances;
use super::comparison::MetricJudgement;
use super::limits::Limits;
use super::metric::Tail;
use super::noise::SIGMAS;
use super::outlook::NINE_OF_TEN;
use super::pairs::Pairs;
use super::side_by_side::{SideBySide, deviation_of};
use crate::analysis::{Analysis, Round, mean, rounds};
use crate::result::{MAX_ROUNDS, RunResult};
use crate::units::{MemoryMb, Ratio};

/// What runs of a model beside itself show.
#[derive(Debug, Clone, PartialEq)]
pub struct PairCalibration {
    /// Runs that were measured.
    pub runs: usize,
    /// Pairs of endpoints of each size, in all runs together.
    pub pairs: u32,
    /// The recommended size, at which latency and cost are judged.
    pub memory_mb: MemoryMb,
    /// Standard deviation between the two endpoints of a pair, relative.
    pub pair_deviation: Ratio,
    /// The measure of the tail that is judged.
    pub tail: Tail,
    /// With the rounds that each run has, and with twice as many where a run can have them.
    pub with_rounds: Vec<PairVisibility>,
}

/// How well the gate sees with so many rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairVisibility {
    /// The rounds of a run.
    pub rounds: u32,
    /// The tail of the latency.
    pub latency: Catch,
    /// Cost per million.
    pub cost: Catch,
}

/// Which increases of a metric are caught.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Catch {
    /// Identical code stays within this increase (3 sigma).
    pub band: Ratio,
    /// An increase that always fails (3 sigma).
    pub always: Ratio,
    /// An increase that fails nine times of ten.
    pub nine_of_ten: Ratio,
}

/// Sampling errors of one run beside its reference.
struct OwnErrors {
    tail: Tail,
    latency: f64,
    cost: f64,
}

/// Calibrates on runs whose reference is the model itself. `None` for fewer than two pairs, or
/// where the recommended size was not measured on both sides of each run.
pub fn calibrate_pairs(
    runs: &[(RunResult, Analysis)],
    tolerances: Tolerances,
) -> Option<PairCalibration> {
    let (last_run, last) = runs.last()?;
    let memory_mb = last.best?;
    let all: Vec<Round> = runs.iter().flat_map(|(run, _)| rounds(run)).collect();
    let pairs = Pairs::of(&all, deviation_of(&last_run.service));
    if pairs.rounds < 2 {
        return None;
    }
    let errors = runs
        .iter()
        .map(|(run, analysis)| own_errors(run, analysis, memory_mb));
    let errors: Vec<OwnErrors> = errors.collect::<Option<_>>()?;
    let tail = errors.last()?.tail;
    let alike = errors.iter().filter(|it| it.tail == tail);
    let latency = mean_square(alike.map(|it| it.latency))?;
    let cost = mean_square(errors.iter().map(|it| it.cost))?;
    let each = last_run.reference.as_ref()?.rounds.max(1);
    let visibility = |times: u32| {
        let catch = |own: f64, tolerance| {
            let of_one_round = own * f64::from(each) + pairs.noise.variance;
            let error = (of_one_round / f64::from(each * times)).sqrt();
            Catch::of(error, tolerance)
        };
        PairVisibility {
            rounds: each * times,
            latency: catch(latency, tolerances.latency),
            cost: catch(cost, tolerances.cost),
        }
    };
    let has_room = each.saturating_mul(2) <= MAX_ROUNDS;
    Some(PairCalibration {
        runs: runs.len(),
        pairs: pairs.rounds,
        memory_mb,
        pair_deviation: Ratio(pairs.noise.variance.sqrt()),
        tail,
        with_rounds: std::iter::once(1)
            .chain(has_room.then_some(2))
            .map(visibility)
            .collect(),
    })
}

/// By the code that judges.
fn own_errors(run: &RunResult, analysis: &Analysis, memory_mb: MemoryMb) -> Option<OwnErrors> {
    let beside = SideBySide::of(run, analysis, None, Some(memory_mb))?;
    let evidence = beside.judge(run, analysis, &Limits::default());
    let error = |it: &MetricJudgement| Some(it.compared()?.difference.own_error);
    let latency = &evidence.metrics.latency;
    Some(OwnErrors {
        tail: latency.metric.tail()?,
        latency: error(latency)?,
        cost: error(&evidence.metrics.cost)?,
    })
}

fn mean_square(errors: impl Iterator<Item = f64>) -> Option<f64> {
    mean(&errors.map(|it| it.powi(2)).collect::<Vec<_>>())
}

impl Catch {
    fn of(standard_error: f64, tolerance: Ratio) -> Self {
        let band = SIGMAS * standard_error;
        let fails_above = band.max(tolerance.get().ln_1p());
        let caught = |sigmas: f64| Ratio((fails_above + sigmas * standard_error).exp_m1());
        Self {
            band: Ratio(band.exp_m1()),
            always: caught(SIGMAS),
            nine_of_ten: caught(NINE_OF_TEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::prices;
    use crate::analysis::{Strategy, analyse};
    use crate::gate::tests::side_by_side::beside;

    const TOLERANCES: Tolerances = Tolerances {
        latency: Ratio(0.10),
        cost: Ratio(0.05),
    };

    fn runs(now: &[&[f64]]) -> Vec<(RunResult, Analysis)> {
        let one = |now: &&[f64]| {
            let run = beside(now, &vec![1.0; now.len()]);
            let analysis = analyse(&run, &prices(), Strategy::Balanced);
            (run, analysis)
        };
        now.iter().map(one).collect()
    }

    fn calibrated(now: &[&[f64]]) -> PairCalibration {
        calibrate_pairs(&runs(now), TOLERANCES).unwrap()
    }

    #[test]
    fn noisier_pairs_hide_more_and_more_rounds_show_more() {
        let quiet = calibrated(&[&[1.0, 1.001], &[0.999, 1.0]]);
        let noisy = calibrated(&[&[1.1, 0.9], &[1.05, 0.95]]);
        assert_eq!((quiet.runs, quiet.pairs), (2, 4));
        assert!(quiet.pair_deviation < noisy.pair_deviation);
        let rounds: Vec<u32> = quiet.with_rounds.iter().map(|it| it.rounds).collect();
        assert_eq!(rounds, [2, 4]);
        for (quiet, noisy) in quiet.with_rounds.iter().zip(&noisy.with_rounds) {
            assert!(quiet.latency.band < noisy.latency.band);
            assert!(quiet.cost.nine_of_ten < noisy.cost.nine_of_ten);
            assert!(noisy.cost.nine_of_ten < noisy.cost.always);
        }
        let [two, four] = noisy.with_rounds.as_slice() else {
            panic!("{noisy:?}")
        };
        assert!(four.latency.always < two.latency.always);
    }

    #[test]
    fn what_is_caught_is_what_the_gate_catches() {
        let it = calibrated(&[&[1.0; 4]]);
        let at = it.with_rounds[0];
        let verdict = |factor: f64| {
            let (run, analysis) = runs(&[&[factor; 4]]).remove(0);
            let limits = Limits::default();
            super::super::judge(&run, &analysis, None, &limits, run.finished_at).verdict
        };
        assert_eq!(
            verdict(1.0 + at.cost.always.get()),
            super::super::Verdict::Fail
        );
        assert_eq!(
            verdict(1.0 + at.cost.band.get() / 2.0),
            super::super::Verdict::Pass
        );
    }

    #[test]
    fn one_pair_and_a_run_without_a_reference_show_nothing() {
        assert_eq!(calibrate_pairs(&runs(&[&[1.0]]), TOLERANCES), None);
        assert_eq!(calibrate_pairs(&[], TOLERANCES), None);
        let mut alone = runs(&[&[1.0; 4]]);
        alone[0].0.reference = None;
        assert_eq!(calibrate_pairs(&alone, TOLERANCES), None);
    }
}
