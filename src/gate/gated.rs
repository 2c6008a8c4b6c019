//! The metrics of a judgement, by name.

use std::array;

use super::comparison::MetricJudgement;

/// One of each for the three gated metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gated<T> {
    /// The recommended memory.
    pub memory: T,
    /// The tail of the latency at the baseline's recommended size.
    pub latency: T,
    /// Cost per million invocations at that size.
    pub cost: T,
}

impl<T> Gated<T> {
    /// Memory, latency, cost.
    pub fn iter(&self) -> array::IntoIter<&T, 3> {
        self.into_iter()
    }

    /// The same of each.
    pub fn map<U>(self, mut of: impl FnMut(T) -> U) -> Gated<U> {
        Gated {
            memory: of(self.memory),
            latency: of(self.latency),
            cost: of(self.cost),
        }
    }
}

impl<'a, T> IntoIterator for &'a Gated<T> {
    type Item = &'a T;
    type IntoIter = array::IntoIter<&'a T, 3>;

    fn into_iter(self) -> Self::IntoIter {
        [&self.memory, &self.latency, &self.cost].into_iter()
    }
}

/// The geometric means over all sizes of the changes of latency and cost; `None` where nothing was
/// compared, or where the limit is not a relative one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Overall {
    /// Of the tail of the latency.
    pub latency: Option<MetricJudgement>,
    /// Of the cost.
    pub cost: Option<MetricJudgement>,
}

impl Overall {
    /// Latency, cost.
    pub fn iter(&self) -> impl Iterator<Item = &MetricJudgement> {
        self.latency.iter().chain(&self.cost)
    }
}
