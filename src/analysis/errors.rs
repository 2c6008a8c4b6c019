//! Failed calls by kind.

use crate::result::{Invocation, OutcomeKind};

/// Number of failed calls of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErrorCounts([usize; OutcomeKind::ALL.len()]);

impl ErrorCounts {
    pub(super) fn of(calls: &[Invocation]) -> Self {
        let mut counts = Self::default();
        let failed = calls.iter().filter(|call| !call.outcome.is_success());
        for call in failed {
            if let Some(count) = counts.0.get_mut(call.outcome.kind() as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// Failed calls of one kind; 0 for [`OutcomeKind::Success`].
    pub fn count(&self, kind: OutcomeKind) -> usize {
        self.0.get(kind as usize).copied().unwrap_or_default()
    }

    /// All failed calls.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::concurrency::tests::call;
    use crate::result::InvocationOutcome;

    #[test]
    fn each_kind_is_counted_and_successes_are_not() {
        let outcomes = [
            InvocationOutcome::Success,
            InvocationOutcome::Throttled,
            InvocationOutcome::Throttled,
            InvocationOutcome::TransportError("reset".into()),
        ];
        let counts = ErrorCounts::of(&outcomes.map(|outcome| call(0.0, 1.0, outcome)));
        let by_kind = OutcomeKind::ALL.map(|kind| counts.count(kind));
        assert_eq!(by_kind, [0, 2, 0, 0, 0, 0, 1]);
        assert_eq!(counts.total(), 3);
    }
}
