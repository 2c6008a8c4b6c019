//! Faults that the scenario injects by operation: every n-th call, from the n-th on, or at random.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::Account;
use crate::simulator::injected::{InjectedFault, OperationFault};
use crate::simulator::scenario::Scenario;

/// The scenario's rules, and how often each has been asked.
#[derive(Debug)]
pub(super) struct FaultRules {
    rules: Vec<(OperationFault, u32)>,
    generator: Pcg64Mcg,
}

impl FaultRules {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let rules = scenario.operation_faults.iter();
        Self {
            rules: rules.map(|rule| (rule.clone(), 0)).collect(),
            generator: Pcg64Mcg::seed_from_u64(scenario.seed),
        }
    }

    /// Counts a call. The first rule that hits decides; the others count on.
    pub(super) fn hit(&mut self, operation: &str) -> Option<InjectedFault> {
        let mut found = None;
        for (rule, calls) in &mut self.rules {
            if rule.operation != operation {
                continue;
            }
            *calls = calls.wrapping_add(1);
            let by_count = rule.every.is_some_and(|every| *calls % every == 0);
            let by_chance = rule
                .probability
                .is_some_and(|probability| self.generator.random::<f64>() < probability);
            let by_now = rule.from.is_some_and(|from| *calls >= from);
            if by_count || by_chance || by_now {
                found = found.or(Some(InjectedFault {
                    kind: rule.kind,
                    seconds: rule.seconds,
                }));
            }
        }
        found
    }

    /// Whether a call that is not counted would be denied: AWS looks at permissions before anything else.
    pub(super) fn denies(&self, operation: &str) -> Option<InjectedFault> {
        let hits = |(rule, calls): &&(OperationFault, u32)| {
            let call = calls.wrapping_add(1);
            rule.operation == operation
                && rule.kind.is_denial()
                && (rule.every.is_some_and(|every| call % every == 0)
                    || rule.from.is_some_and(|from| call >= from))
        };
        let (rule, _calls) = self.rules.iter().find(hits)?;
        Some(InjectedFault {
            kind: rule.kind,
            seconds: rule.seconds,
        })
    }
}

impl Account {
    /// What the scenario does to this call of the control plane or of CloudWatch; `InvokeEndpoint` asks itself.
    pub(in crate::simulator) fn injected(&mut self, operation: &str) -> Option<InjectedFault> {
        self.fault_rules.hit(operation)
    }
}
