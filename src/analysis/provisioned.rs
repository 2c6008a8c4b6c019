//! Provisioned concurrency: workers that are kept warm and paid for by the second, busy or not.

use super::break_even::HOURS_PER_MONTH;
use super::cost::{Cost, CostInputs};
use crate::prices::RegionPrices;
use crate::units::{MemoryMb, Usd};

const SECONDS_PER_HOUR: f64 = 3600.0;
const MILLION: f64 = 1_000_000.0;

/// What an endpoint is expected to do in a month of 720 hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// Its size.
    pub memory_mb: MemoryMb,
    /// Invocations a month, at least 0.
    pub invocations_per_month: f64,
    /// Billed time and bytes of one invocation.
    pub each: CostInputs,
}

/// Cost of a month with provisioned workers, by part.
///
/// # Assumption
/// Traffic is spread evenly over the month, so workers are busy together and calls go to on-demand
/// workers only when there is more work than the provisioned ones can do. Traffic in bursts spills
/// over earlier and leaves workers idle in between: it costs more than this, and provisioned
/// concurrency pays later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProvisionedMonth {
    /// Provisioned workers.
    pub workers: u32,
    /// For keeping them warm.
    pub usage: Usd,
    /// For the time in which they are busy.
    pub duration: Usd,
    /// For what on-demand workers have to do.
    pub spilled: Usd,
    /// For data in and out.
    pub data: Usd,
    /// What the month costs without provisioned workers, data included.
    pub on_demand_total: Usd,
    /// Invocations a month from which on the workers are cheaper than none; `None` when they never
    /// are.
    pub cheaper_from: Option<f64>,
}

impl ProvisionedMonth {
    /// A month with `workers` provisioned workers (SageMaker allows 1 to 200); `None` without
    /// prices for them.
    ///
    /// With `T` the seconds of the month and prices per GB and second of usage `u`, duration `d`
    /// and on-demand `p`: `k·GB·T·u + GB·d·busy + GB·p·(all - busy) + data`, where `busy = min(all,
    /// k·T)`. It is cheaper than `GB·p·all + data` when `busy > k·T·u / (p - d)`, which is out of
    /// reach unless `u < p - d`.
    pub fn of(workload: &Workload, workers: u32, prices: &RegionPrices) -> Option<Self> {
        let usage_price = prices.provisioned_usage_usd_per_gb_second?;
        let duration_price = prices.provisioned_duration_usd_per_gb_second?;
        let on_demand_price = prices.serverless_usd_per_gb_second;
        let gigabytes = workload.memory_mb.gigabytes();
        let millions = workload.invocations_per_month / MILLION;
        let million = Cost::of(workload.memory_mb, workload.each, prices);

        let each_s = workload.each.average_latency.get() / 1000.0;
        let all_s = workload.invocations_per_month * each_s;
        let capacity_s = f64::from(workers) * HOURS_PER_MONTH * SECONDS_PER_HOUR;
        let busy_s = all_s.min(capacity_s);

        // What a busy second saves against on-demand, and how many have to for the workers to pay.
        let saved = on_demand_price - duration_price;
        let needed_s = capacity_s * usage_price / saved;
        let reachable = saved > 0.0 && needed_s < capacity_s && each_s > 0.0;
        let data = (million.data_in + million.data_out) * millions;
        Some(Self {
            workers,
            usage: Usd(gigabytes * usage_price * capacity_s),
            duration: Usd(gigabytes * duration_price * busy_s),
            spilled: Usd(gigabytes * on_demand_price * (all_s - busy_s)),
            data,
            on_demand_total: million.compute * millions + data,
            cheaper_from: reachable.then(|| needed_s / each_s),
        })
    }

    /// The whole month.
    pub fn total(&self) -> Usd {
        self.usage + self.duration + self.spilled + self.data
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prices::PriceTable;
    use crate::units::LatencyMs;

    fn prices() -> RegionPrices {
        let table = PriceTable::bundled().unwrap();
        table.region("us-east-1").unwrap().prices.clone()
    }

    /// 2 GB, 100 ms and 1 MB in and out per invocation.
    fn workload(invocations_per_month: f64) -> Workload {
        Workload {
            memory_mb: MemoryMb::try_from(2048).unwrap(),
            invocations_per_month,
            each: CostInputs {
                average_latency: LatencyMs(100.0),
                request_bytes: 1_048_576.0,
                response_bytes: 1_048_576.0,
            },
        }
    }

    fn month(invocations: f64, workers: u32) -> ProvisionedMonth {
        ProvisionedMonth::of(&workload(invocations), workers, &prices()).unwrap()
    }

    fn close(actual: f64, expected: f64) {
        assert!(
            (actual - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{actual} is not {expected}"
        );
    }

    #[test]
    fn a_month_costs_warm_time_busy_time_and_data() {
        // 720 h are 2 592 000 s; 1.024 million calls of 0.1 s are busy for 102 400 s and move 1000
        // GB each way.
        let it = month(1_024_000.0, 2);
        close(it.usage.get(), 51.84);
        close(it.duration.get(), 2.385_92);
        close(it.spilled.get(), 0.0);
        close(it.data.get(), 32.0);
        close(it.total().get(), 86.225_92);
        close(it.on_demand_total.get(), 36.096);
    }

    #[test]
    fn work_beyond_the_workers_is_paid_on_demand() {
        // One worker has 2 592 000 s; 30 million calls need 3 000 000 s.
        let it = month(30_000_000.0, 1);
        close(it.usage.get(), 25.92);
        close(it.duration.get(), 60.393_6);
        close(it.spilled.get(), 16.32);
        assert!(it.total().get() < it.on_demand_total.get());
    }

    #[test]
    fn a_worker_pays_from_sixty_percent_utilisation_on() {
        // u / (p - d) = 0.000005 / 0.00000835 = 0.598802: at any size and any number of workers.
        close(month(1.0, 1).cheaper_from.unwrap(), 15_520_958.083_832_335);
        close(month(1.0, 3).cheaper_from.unwrap(), 46_562_874.251_497_01);
        let at = month(month(1.0, 3).cheaper_from.unwrap(), 3);
        close(at.total().get(), at.on_demand_total.get());
        // Three workers that are busy all month cost 181.1808 for it.
        close(at.duration.get() / 181.180_8, 0.598_802_395_209_580_8);
    }

    #[test]
    fn workers_never_pay_when_warm_time_costs_what_busy_time_saves() {
        let mut prices = prices();
        prices.provisioned_usage_usd_per_gb_second = Some(0.00001);
        let it = ProvisionedMonth::of(&workload(1e9), 1, &prices).unwrap();
        assert_eq!(it.cheaper_from, None);
        prices.provisioned_duration_usd_per_gb_second = Some(0.00003);
        let it = ProvisionedMonth::of(&workload(1e9), 1, &prices).unwrap();
        assert_eq!(it.cheaper_from, None);
    }

    #[test]
    fn without_prices_traffic_or_workers_nothing_is_made_up() {
        let mut prices = prices();
        let idle = ProvisionedMonth::of(&workload(0.0), 1, &prices).unwrap();
        close(idle.total().get(), 25.92);
        let none = ProvisionedMonth::of(&workload(1e6), 0, &prices).unwrap();
        close(none.total().get(), none.on_demand_total.get());
        assert_eq!(none.cheaper_from, None);
        prices.provisioned_usage_usd_per_gb_second = None;
        assert_eq!(ProvisionedMonth::of(&workload(1e6), 1, &prices), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn it_is_cheaper_exactly_beyond_the_break_even(invocations in 0.0..1e9_f64, workers in 1_u32..200) {
            let it = month(invocations, workers);
            let from = it.cheaper_from.unwrap();
            prop_assume!((invocations - from).abs() > 1e-6 * from);
            prop_assert_eq!(it.total().get() < it.on_demand_total.get(), invocations > from);
        }
    }
}
