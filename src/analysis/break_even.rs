//! Break-even of serverless and a real-time instance that does the same work.

use super::cost::Cost;
use crate::prices::RegionPrices;
use crate::units::{MemoryMb, Ratio, Usd};

/// Hours in a month of 30 days, as the toolkit counts.
pub(super) const HOURS_PER_MONTH: f64 = 720.0;
/// Smallest step of the savings table by break-even, in invocations a month.
const STRIDES: [(f64, f64); 4] = [
    (200_000.0, 10_000.0),
    (1_000_000.0, 50_000.0),
    (2_000_000.0, 100_000.0),
    (5_000_000.0, 200_000.0),
];
const LARGEST_STRIDE: f64 = 500_000.0;

/// From how many invocations a month a real-time instance is cheaper.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakEven {
    /// The comparable instance type.
    pub instance_type: &'static str,
    /// Its price a month.
    pub instance_monthly: Usd,
    /// Cost of one serverless invocation.
    pub per_invocation: Usd,
    /// Invocations a month at which both cost the same.
    pub invocations_per_month: f64,
}

/// One row of the savings table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saving {
    /// Invocations a month.
    pub invocations: f64,
    /// Cost of serverless a month.
    pub serverless_monthly: Usd,
    /// Share of the instance's price that is saved; negative beyond the break-even.
    pub saved: Ratio,
}

/// The instance types that compare to a memory size by CPU and memory, the nearest first. No region
/// sells all of them, and none of another processor architecture runs the same image.
const fn comparable_instances(memory_mb: MemoryMb) -> &'static [&'static str] {
    match memory_mb.get() {
        // 2 vCPU in bursts and 4 GB.
        0..=2048 => &[
            "ml.t2.medium",
            "ml.t3.medium",
            "ml.c5.large",
            "ml.c6i.large",
            "ml.c7i.large",
            "ml.m5.large",
        ],
        // 2 vCPU and 4 GB.
        2049..=5120 => &[
            "ml.c5.large",
            "ml.c6i.large",
            "ml.c7i.large",
            "ml.m5.large",
            "ml.m7i.large",
        ],
        // 4 vCPU and 8 GB.
        _ => &[
            "ml.c5.xlarge",
            "ml.c6i.xlarge",
            "ml.c7i.xlarge",
            "ml.m5.xlarge",
            "ml.m7i.xlarge",
        ],
    }
}

impl BreakEven {
    /// Compares with the nearest instance type that the region sells; `None` when it sells none, or
    /// either costs nothing.
    pub fn of(memory_mb: MemoryMb, cost: &Cost, prices: &RegionPrices) -> Option<Self> {
        let (instance_type, per_hour) = prices.first_sold(comparable_instances(memory_mb))?;
        let instance_monthly = Usd(per_hour * HOURS_PER_MONTH);
        let per_invocation = cost.per_invocation();
        let both_cost = per_invocation.get() > 0.0 && instance_monthly.get() > 0.0;
        both_cost.then(|| Self {
            instance_type,
            instance_monthly,
            per_invocation,
            invocations_per_month: instance_monthly.get() / per_invocation.get(),
        })
    }

    /// What serverless costs and saves at a number of invocations a month.
    pub fn saving_at(&self, invocations: f64) -> Saving {
        let serverless_monthly = self.per_invocation * invocations;
        let instance = self.instance_monthly.get();
        let saved = Ratio((instance - serverless_monthly.get()) / instance);
        Saving {
            invocations,
            serverless_monthly,
            saved,
        }
    }

    /// The toolkit's savings table: whole strides below the break-even.
    pub fn savings(&self) -> Vec<Saving> {
        let stride = STRIDES
            .iter()
            .find(|(below, _)| self.invocations_per_month < *below)
            .map_or(LARGEST_STRIDE, |(_, stride)| *stride);
        (1_u32..)
            .map(|step| f64::from(step) * stride)
            .take_while(|invocations| *invocations < self.invocations_per_month)
            .take(MAX_ROWS)
            .map(|invocations| self.saving_at(invocations))
            .collect()
    }
}

/// A model that costs next to nothing breaks even at billions: no table needs more rows than this.
const MAX_ROWS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::PriceTable;
    use crate::units::LatencyMs;

    fn break_even(memory: u32, compute: f64) -> BreakEven {
        let prices = PriceTable::bundled()
            .unwrap()
            .region("us-east-1")
            .unwrap()
            .prices
            .clone();
        let cost = Cost {
            average_latency: LatencyMs(1.0),
            compute: Usd(compute),
            ..Cost::default()
        };
        BreakEven::of(MemoryMb::try_from(memory).unwrap(), &cost, &prices).unwrap()
    }

    #[test]
    fn the_published_mobilenet_result_comes_out() {
        let it = break_even(2048, 4.55);
        assert_eq!(it.instance_type, "ml.t2.medium");
        assert!(
            (it.invocations_per_month - 8.86e6).abs() < 5e3,
            "{}",
            it.invocations_per_month
        );
        assert!((it.saving_at(1e6).saved.percent() - 88.72).abs() < 0.01);
        assert!((it.savings().last().unwrap().invocations - 8.5e6).abs() < 1.0);
    }

    #[test]
    fn each_size_has_its_instance() {
        let types: Vec<_> = MemoryMb::OFFERED
            .iter()
            .map(|size| comparable_instances(*size)[0])
            .collect();
        assert_eq!(
            types,
            [
                "ml.t2.medium",
                "ml.t2.medium",
                "ml.c5.large",
                "ml.c5.large",
                "ml.c5.large",
                "ml.c5.xlarge"
            ]
        );
    }

    #[test]
    fn where_a_type_is_not_sold_the_next_is_taken() {
        let table = PriceTable::bundled().unwrap();
        let cost = Cost {
            compute: Usd(10.0),
            ..Cost::default()
        };
        for (region, expected) in [
            ("us-east-1", "ml.t2.medium"),
            ("ap-northeast-3", "ml.t3.medium"),
            ("eu-north-1", "ml.c5.large"),
        ] {
            let prices = &table.region(region).unwrap().prices;
            let it = BreakEven::of(MemoryMb::OFFERED[0], &cost, prices).unwrap();
            assert_eq!(it.instance_type, expected, "{region}");
        }
        let mut none = table.region("us-east-1").unwrap().prices.clone();
        none.instances_usd_per_hour
            .retain(|name, _| name == "ml.r5.large");
        assert_eq!(BreakEven::of(MemoryMb::OFFERED[0], &cost, &none), None);
    }

    #[test]
    fn the_stride_grows_with_the_break_even() {
        for (compute, stride) in [
            (250.0, 1e4),
            (50.0, 5e4),
            (25.0, 1e5),
            (10.0, 2e5),
            (1.0, 5e5),
        ] {
            let rows = break_even(1024, compute).savings();
            assert!((rows[0].invocations - stride).abs() < 1e-6, "{compute}");
        }
        assert_eq!(break_even(1024, 1e-9).savings().len(), MAX_ROWS);
    }

    #[test]
    fn an_instance_that_costs_nothing_has_no_break_even() {
        let mut prices = PriceTable::bundled()
            .unwrap()
            .region("us-east-1")
            .unwrap()
            .prices
            .clone();
        prices
            .instances_usd_per_hour
            .insert("ml.t2.medium".to_owned(), 0.0);
        let cost = Cost {
            compute: Usd(1.0),
            ..Cost::default()
        };
        assert_eq!(BreakEven::of(MemoryMb::OFFERED[0], &cost, &prices), None);
    }
}
