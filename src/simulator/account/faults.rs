//! Faults that the scenario injects by operation: every n-th call, from the n-th on, until the
//! n-th, or at random.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::Account;
use crate::simulator::injected::{InjectedFault, OperationFault};
use crate::simulator::operations::Operation;
use crate::simulator::scenario::Scenario;

/// The scenario's rules.
#[derive(Debug)]
pub(super) struct FaultRules {
    rules: Vec<Rule>,
    generator: Pcg64Mcg,
}

#[derive(Debug)]
struct Rule {
    operation: Operation,
    fault: OperationFault,
    /// How often it has been asked.
    calls: u32,
}

impl Rule {
    fn is_about(&self, operation: Operation, resource: &str) -> bool {
        let part = self.fault.resource.as_deref();
        self.operation == operation && part.is_none_or(|part| resource.contains(part))
    }

    const fn injected(&self) -> InjectedFault {
        InjectedFault {
            operation: self.operation,
            kind: self.fault.kind,
            seconds: self.fault.seconds,
        }
    }
}

impl FaultRules {
    pub(super) fn new(scenario: &Scenario) -> Self {
        // A scenario with another operation has been refused.
        let rules = scenario.operation_faults.iter().filter_map(|fault| {
            Some(Rule {
                operation: Operation::parse(&fault.operation)?,
                fault: fault.clone(),
                calls: 0,
            })
        });
        Self {
            rules: rules.collect(),
            generator: Pcg64Mcg::seed_from_u64(scenario.seed),
        }
    }

    /// Counts a call about `resource`. The first rule that hits decides; the others count on.
    pub(super) fn hit(&mut self, operation: Operation, resource: &str) -> Option<InjectedFault> {
        let mut found = None;
        for rule in &mut self.rules {
            if !rule.is_about(operation, resource) {
                continue;
            }
            rule.calls = rule.calls.wrapping_add(1);
            let (fault, calls) = (&rule.fault, rule.calls);
            let by_count = fault.every.is_some_and(|every| calls % every == 0);
            let by_chance = fault
                .probability
                .is_some_and(|probability| self.generator.random::<f64>() < probability);
            let by_now = fault.from.is_some_and(|from| calls >= from)
                || fault.until.is_some_and(|until| calls <= until);
            if by_count || by_chance || by_now {
                found = found.or_else(|| Some(rule.injected()));
            }
        }
        found
    }

    /// Whether a call that is not counted would be denied: AWS looks at permissions before anything
    /// else.
    pub(super) fn denies(&self, operation: Operation, resource: &str) -> Option<InjectedFault> {
        let hits = |rule: &&Rule| {
            let (fault, call) = (&rule.fault, rule.calls.wrapping_add(1));
            rule.is_about(operation, resource)
                && fault.kind.is_denial()
                && (fault.every.is_some_and(|every| call % every == 0)
                    || fault.from.is_some_and(|from| call >= from)
                    || fault.until.is_some_and(|until| call <= until))
        };
        self.rules.iter().find(hits).map(Rule::injected)
    }
}

impl Account {
    /// What the scenario does to this call of the control plane or of CloudWatch; `InvokeEndpoint`
    /// asks itself.
    pub(in crate::simulator) fn injected(
        &mut self,
        operation: Operation,
        resource: &str,
    ) -> Option<InjectedFault> {
        self.fault_rules.hit(operation, resource)
    }
}
