//! Which size is recommended, and what becomes of the size that main uses.

use super::*;
use crate::gate::MemoryLimit;

const MAIN_USES: MemoryMb = MemoryMb::OFFERED[1];

fn names_the_broken_size(it: &Judgement) -> bool {
    it.notices.contains(&Notice::SizeNoLongerWorks {
        memory_mb: MAIN_USES,
        reason: "out of memory".to_owned(),
    })
}

#[test]
fn a_model_that_needs_more_memory_fails_and_says_which_size_broke() {
    let run = without_size(model(1.0), MAIN_USES);
    let it = against_five(&run);
    assert_eq!(it.verdict, Verdict::Fail);
    assert!(it.metrics.memory.fails());
    assert_eq!(
        it.metrics.latency.status,
        Status::NotCompared(NotCompared::SizeNotMeasured)
    );
    assert!(names_the_broken_size(&it), "{:?}", it.notices);
    let smaller = without_size(run, MemoryMb::OFFERED[0]);
    let it = against_five(&smaller);
    assert_eq!(
        (it.verdict, it.recommended),
        (Verdict::Fail, Some(MemoryMb::OFFERED[2]))
    );
    assert_eq!(
        it.metrics.memory.comparison,
        Comparison::Sizes {
            baseline: MAIN_USES,
            now: MemoryMb::OFFERED[2],
            limit: Some(Bound {
                value: Value::Memory(MAIN_USES),
                rule: Rule::MemoryIncrease(0)
            }),
        }
    );
    assert!(names_the_broken_size(&it), "{:?}", it.notices);
}

#[test]
fn an_allowed_memory_increase_is_not_a_failure_but_the_size_is_not_comparable() {
    let limits = Limits {
        max_memory_increase: MemoryLimit::Megabytes(1024),
        ..Limits::default()
    };
    let run = without_size(model(1.0), MAIN_USES);
    let it = judged(&run, Some(&history(5, model)), &limits);
    assert_eq!(
        (it.verdict, it.metrics.memory.status),
        (Verdict::Inconclusive, Status::Pass)
    );
}
