//! Clients of one load on several machines: one leads, the others help.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::closed_loop;
use super::recorder::Recorder;
use super::round::Round;
use crate::benchmark::{Context, Environment, Journal, Plan};
use crate::result::Invocation;
use crate::units::to_microsecond;

/// From the moment a share is sent to its first call: time for every helper to see it and to open
/// its connections.
const LEAD_TIME: SignedDuration = SignedDuration::from_secs(3);
/// How much longer than the leader a helper may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What one helper does of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The helper, from 1.
    pub helper: u32,
    /// Name of the endpoint.
    pub endpoint: String,
    /// Its clients, at least 1.
    pub clients: u32,
    /// Number of its first call.
    pub first_call: u32,
    /// Number of its calls.
    pub calls: u32,
    /// When all begin.
    pub starts_at: Timestamp,
}

/// What a helper has measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareDone {
    /// Zero of the calls' [`Invocation::start_ms`].
    pub zero: Timestamp,
    /// The calls, in the order they ended.
    pub calls: Vec<Invocation>,
}

/// Other machines.
pub trait Helpers: Send + Sync {
    /// How many there are.
    fn count(&self) -> u32;

    /// Has shares carried out while the leader does its own, `leader_done`, which says how long the
    /// helpers may take after it. The error names the helper that has not answered by then.
    fn carry_out<'a>(
        &'a self,
        shares: Vec<Share>,
        leader_done: BoxFuture<'a, Duration>,
    ) -> BoxFuture<'a, Result<Vec<ShareDone>, String>>;
}

/// Splits a load evenly: the clients, and in proportion to them its calls. The first of the list is
/// the leader's, as helper 0; machines without a client have no share.
fn split(
    endpoint: &str,
    clients: u32,
    calls: u32,
    helpers: u32,
    starts_at: Timestamp,
) -> Vec<Share> {
    let machines = helpers + 1;
    let mut shares = Vec::new();
    let (mut clients_before, mut first_call) = (0, 0);
    for helper in 0..machines {
        let own = clients / machines + u32::from(helper < clients % machines);
        if own == 0 {
            break;
        }
        clients_before += own;
        let until = u64::from(calls) * u64::from(clients_before) / u64::from(clients);
        let until = u32::try_from(until).unwrap_or(calls);
        shares.push(Share {
            helper,
            endpoint: endpoint.to_owned(),
            clients: own,
            first_call,
            calls: until - first_call,
            starts_at,
        });
        first_call = until;
    }
    shares
}

/// Drives a closed loop with the clients of every machine; every call is in `round` then.
pub(super) async fn drive(
    round: &Arc<Round>,
    helpers: &dyn Helpers,
    clients: u32,
    calls: u32,
) -> Result<(), String> {
    let environment = &round.context.environment;
    let starts_at = (environment.now)() + LEAD_TIME;
    let mut shares = split(
        round.endpoint_name(),
        clients,
        calls,
        helpers.count(),
        starts_at,
    )
    .into_iter();
    let Some(own) = shares.next() else {
        return Ok(());
    };
    let leader_done = Box::pin(async {
        let began = Instant::now();
        carry_out(round, &own).await;
        began.elapsed() + PATIENCE
    });
    let zero = (environment.now)()
        - SignedDuration::try_from(round.context.start.elapsed()).unwrap_or_default();
    for done in helpers.carry_out(shares.collect(), leader_done).await? {
        let later_ms = done.zero.duration_since(zero).as_secs_f64() * 1000.0;
        for mut call in done.calls {
            call.start_ms = to_microsecond(call.start_ms + later_ms);
            round.record(call);
        }
    }
    Ok(())
}

async fn carry_out(round: &Arc<Round>, share: &Share) {
    let left = share
        .starts_at
        .duration_since((round.context.environment.now)());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
    let until = share.first_call.saturating_add(share.calls);
    closed_loop::drive(round, share.clients, share.first_call..until).await;
}

/// A machine that helps: measures shares and creates nothing.
pub struct Helper {
    context: Arc<Context>,
    zero: Timestamp,
}

impl Helper {
    /// One that journals its calls on its own.
    pub fn new(plan: Plan, environment: Environment, journal: Journal) -> Self {
        let zero = (environment.now)();
        Self {
            context: Arc::new(Context::new(plan, environment, journal, Instant::now())),
            zero,
        }
    }

    /// Carries out a share, unless its endpoint is not in the plan.
    pub async fn carry_out(&self, share: &Share) -> Option<ShareDone> {
        let plan = &self.context.plan;
        let options = plan.options.load.as_ref()?;
        let endpoints = &mut plan.all_load_endpoints();
        let endpoint = endpoints.find(|it| it.name == share.endpoint)?;
        let label = self
            .context
            .load_label(&endpoint.name, endpoint.max_concurrency);
        let recorder = Recorder::new(&self.context, label, &endpoint.name, std::iter::empty());
        let round = Round::new(&self.context, options, endpoint, Arc::new(recorder));
        let round = Arc::new(round);
        round.open_connections(share.clients).await;
        carry_out(&round, share).await;
        Some(ShareDone {
            zero: self.zero,
            calls: round.take_calls(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shares(clients: u32, calls: u32, helpers: u32) -> Vec<(u32, u32, u32, u32)> {
        let shares = split("e", clients, calls, helpers, Timestamp::UNIX_EPOCH);
        let numbers = |it: Share| (it.helper, it.clients, it.first_call, it.calls);
        shares.into_iter().map(numbers).collect()
    }

    #[test]
    fn clients_and_calls_are_split_evenly() {
        assert_eq!(shares(4, 100, 1), [(0, 2, 0, 50), (1, 2, 50, 50)]);
        assert_eq!(shares(3, 100, 1), [(0, 2, 0, 66), (1, 1, 66, 34)]);
        assert_eq!(shares(1, 100, 3), [(0, 1, 0, 100)]);
        assert_eq!(shares(200, 1000, 0), [(0, 200, 0, 1000)]);
    }

    proptest! {
        #[test]
        fn every_client_and_every_call_is_in_one_share(
            clients in 1_u32..500, calls in 1_u32..100_000, helpers in 0_u32..20
        ) {
            let shares = shares(clients, calls, helpers);
            prop_assert_eq!(shares.iter().map(|it| it.1).sum::<u32>(), clients);
            let mut next = 0;
            for (_, _, first, count) in shares {
                prop_assert_eq!(first, next);
                next += count;
            }
            prop_assert_eq!(next, calls);
        }
    }
}
