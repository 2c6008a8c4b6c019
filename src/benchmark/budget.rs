//! The account's concurrency quota: endpoints beyond it wait until others are deleted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::aws::SharedQuota;
use crate::sync::lock;

/// Longest time that AWS may still count a deleted endpoint.
const STILL_COUNTED: Duration = Duration::from_mins(2);

/// `MaxConcurrency` that this run may allocate, summed over its endpoints.
#[derive(Debug, Default)]
pub(super) struct Budget {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What the quota leaves for this run; `None` while unknown.
    limit: Option<u32>,
    /// `MaxConcurrency` by endpoint.
    taken: BTreeMap<String, u32>,
    /// When something of ours was deleted last.
    released_at: Option<Instant>,
}

impl State {
    fn in_use(&self) -> u32 {
        self.taken.values().sum()
    }
}

/// An endpoint that does not fit even when it is alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverBudget {
    /// What the quota leaves.
    pub(super) limit: u32,
}

impl Budget {
    /// A budget of the account's quota, where it is known.
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self {
            state: Mutex::new(State {
                limit,
                ..State::default()
            }),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Waits until `wanted` fits beside what is in use, and takes it for an endpoint. One that is
    /// called in turn with another, its `partner`, is needed at the same time.
    ///
    /// # Errors
    /// [`OverBudget`] when it never will.
    pub(super) async fn take(
        &self,
        endpoint: &str,
        wanted: u32,
        partner: Option<&str>,
    ) -> Result<(), OverBudget> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if self.try_take(endpoint, wanted, partner)? {
                return Ok(());
            }
            changed.await;
        }
    }

    fn try_take(
        &self,
        endpoint: &str,
        wanted: u32,
        partner: Option<&str>,
    ) -> Result<bool, OverBudget> {
        let mut state = self.state();
        let limit = state.limit.unwrap_or(u32::MAX);
        let fits = state.in_use().saturating_add(wanted) <= limit;
        let mut others = state.taken.keys().filter(|it| Some(it.as_str()) != partner);
        if !fits && others.next().is_none() {
            return Err(OverBudget { limit });
        }
        if fits {
            state.taken.insert(endpoint.to_owned(), wanted);
        }
        Ok(fits)
    }

    /// An endpoint was not created.
    pub(super) fn put_back(&self, endpoint: &str) {
        self.state().taken.remove(endpoint);
        self.changed.notify_waiters();
    }

    /// An endpoint is deleted. One that never took anything changes nothing.
    pub(super) fn release(&self, endpoint: &str) {
        let mut state = self.state();
        if state.taken.remove(endpoint).is_some() {
            state.released_at = Some(Instant::now());
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// AWS refused: what the quota leaves is what others do not use. Whether waiting can help,
    /// because endpoints of this run count, or counted until just now.
    pub(super) fn learn(&self, quota: SharedQuota) -> bool {
        let mut state = self.state();
        let still_counted = state
            .released_at
            .is_some_and(|at| at.elapsed() < STILL_COUNTED);
        // Ours that are deleted and still count look like others'.
        let others = if still_counted {
            0
        } else {
            quota.in_use.saturating_sub(state.in_use())
        };
        let left = quota.limit.saturating_sub(others);
        state.limit = Some(state.limit.map_or(left, |known| known.min(left)));
        self.changed.notify_waiters();
        !state.taken.is_empty() || still_counted
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn an_endpoint_waits_until_another_is_deleted() {
        let budget = Arc::new(Budget::new(Some(10)));
        budget.take("c4", 4, None).await.unwrap();
        budget.take("c2", 2, None).await.unwrap();
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take("c8", 8, None).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        budget.release("c2");
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "4 + 8 is still too much");
        budget.release("c4");
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn what_never_fits_is_refused_and_without_a_limit_everything_fits() {
        assert_eq!(
            Budget::new(Some(10)).take("c16", 16, None).await,
            Err(OverBudget { limit: 10 })
        );
        assert_eq!(Budget::new(None).take("c200", 200, None).await, Ok(()));
    }

    #[tokio::test]
    async fn the_limit_is_learned_from_a_refusal_and_leaves_others_alone() {
        let budget = Budget::new(None);
        budget.take("c2", 2, None).await.unwrap();
        let refusal = SharedQuota {
            limit: 10,
            in_use: 7,
        };
        assert!(budget.learn(refusal), "waiting for our own can help");
        budget.put_back("c2");
        assert_eq!(
            budget.take("c6", 6, None).await,
            Err(OverBudget { limit: 5 })
        );
        let alone = Budget::new(None);
        assert!(!alone.learn(refusal), "nothing of ours to wait for");
    }

    #[tokio::test]
    async fn an_endpoint_whose_partner_has_all_that_is_left_never_fits() {
        let budget = Budget::new(Some(1));
        budget.take("one", 1, Some("other")).await.unwrap();
        assert_eq!(
            budget.take("other", 1, Some("one")).await,
            Err(OverBudget { limit: 1 })
        );
        let budget = Budget::new(Some(2));
        budget.take("one", 1, Some("other")).await.unwrap();
        budget.take("other", 1, Some("one")).await.unwrap();
    }
}
