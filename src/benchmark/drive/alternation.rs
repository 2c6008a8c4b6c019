//! Two endpoints that are called in turn: A B, B A, A B, … Never both at once, and what slows the
//! machine or the region down slows both.

use std::sync::Mutex;

use tokio::sync::Notify;

use crate::sync::lock;

/// One of the two endpoints of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::benchmark) enum Side {
    /// That of the run's own model.
    Candidate,
    /// That of the reference.
    Reference,
}

/// Whose call comes next.
#[derive(Debug, Default)]
pub(in crate::benchmark) struct Alternation {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    candidate: Progress,
    reference: Progress,
}

/// How far one side is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    /// Its endpoint is not in service yet: the other side waits, so that both meet the same state
    /// of the machine.
    #[default]
    Deploying,
    /// This call comes next, or is being made.
    Call(u32),
    /// It makes no more calls.
    Gone,
}

impl State {
    const fn of(&mut self, side: Side) -> &mut Progress {
        match side {
            Side::Candidate => &mut self.candidate,
            Side::Reference => &mut self.reference,
        }
    }

    /// Whether the next call of a side comes before the other's.
    fn is_next(&self, side: Side) -> bool {
        let (mine, others) = match side {
            Side::Candidate => (self.candidate, self.reference),
            Side::Reference => (self.reference, self.candidate),
        };
        match (mine, others) {
            (Progress::Call(_), Progress::Gone) => true,
            (Progress::Call(mine), Progress::Call(others)) => {
                mine < others || (mine == others && side == first(mine))
            }
            (Progress::Call(_), Progress::Deploying)
            | (Progress::Deploying | Progress::Gone, _) => false,
        }
    }
}

/// Which side makes a call first.
const fn first(call: u32) -> Side {
    if call.is_multiple_of(2) {
        Side::Candidate
    } else {
        Side::Reference
    }
}

impl Alternation {
    /// The turns of one side.
    pub(in crate::benchmark) const fn turns(&self, side: Side) -> Turns<'_> {
        Turns {
            pair: Some((self, side)),
        }
    }

    fn set(&self, side: Side, progress: Progress) {
        *lock(&self.state).of(side) = progress;
        self.changed.notify_waiters();
    }
}

/// The turns of an endpoint. Once dropped, the other side goes on alone.
pub(in crate::benchmark) struct Turns<'a> {
    pair: Option<(&'a Alternation, Side)>,
}

impl Turns<'_> {
    /// Of an endpoint that takes turns with nobody.
    pub(in crate::benchmark) const fn alone() -> Self {
        Self { pair: None }
    }

    /// Whether there is another endpoint.
    pub(super) const fn is_in_pair(&self) -> bool {
        self.pair.is_some()
    }

    /// Waits until call number `call` is due. It ends when the returned turn is dropped.
    pub(super) async fn turn(&self, call: u32) -> Turn<'_> {
        let Some((alternation, side)) = self.pair else {
            return Turn { of: None };
        };
        alternation.set(side, Progress::Call(call));
        loop {
            let changed = alternation.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if lock(&alternation.state).is_next(side) {
                return Turn {
                    of: Some((alternation, side, call)),
                };
            }
            changed.await;
        }
    }
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        if let Some((alternation, side)) = self.pair {
            alternation.set(side, Progress::Gone);
        }
    }
}

/// A call that is being made.
pub(super) struct Turn<'a> {
    of: Option<(&'a Alternation, Side, u32)>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some((alternation, side, call)) = self.of {
            alternation.set(side, Progress::Call(call.saturating_add(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the calls of both sides; the order in which they were made.
    async fn calls(candidate: std::ops::Range<u32>, reference: std::ops::Range<u32>) -> String {
        let alternation = Alternation::default();
        let order = Mutex::new(String::new());
        let side = |side, name, calls: std::ops::Range<u32>| {
            let turns = alternation.turns(side);
            let order = &order;
            async move {
                for call in calls {
                    let turn = turns.turn(call).await;
                    lock(order).push(name);
                    tokio::task::yield_now().await;
                    drop(turn);
                }
                drop(turns);
            }
        };
        tokio::join!(
            side(Side::Reference, 'B', reference),
            side(Side::Candidate, 'A', candidate)
        );
        order.into_inner().unwrap()
    }

    #[tokio::test]
    async fn the_two_take_turns_and_who_begins_alternates() {
        assert_eq!(calls(0..4, 0..4).await, "ABBAABBA");
    }

    #[tokio::test]
    async fn one_that_is_gone_or_behind_is_neither_waited_for_nor_overtaken() {
        assert_eq!(calls(0..4, 0..2).await, "ABBAAA");
        assert_eq!(calls(0..0, 0..2).await, "BB");
        // A resumed run: one call was made by one of the two alone.
        assert_eq!(calls(3..6, 2..6).await, "BBAABBA");
    }

    #[tokio::test]
    async fn nobody_calls_before_both_are_in_service() {
        let alternation = Alternation::default();
        let candidate = alternation.turns(Side::Candidate);
        let reference = alternation.turns(Side::Reference);
        let mut waiting = Box::pin(candidate.turn(0));
        let early = futures_util::poll!(waiting.as_mut());
        assert!(early.is_pending(), "the reference is not in service");
        drop(reference);
        let _turn = waiting.await;
    }
}
