//! Any numbers and any words give a sound chart or none.

use proptest::prelude::*;

use super::super::*;
use super::check;
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// Ordinary numbers, and any other.
fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 0.0..60_000.0_f64, 1 => 0.0..1e-3_f64, 1 => 0.0..1e12_f64, 1 => any::<f64>()]
}

fn memory() -> impl Strategy<Value = MemoryMb> {
    prop::sample::select(MemoryMb::OFFERED.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_latencies_give_a_sound_chart_or_none(
        series in prop::collection::vec((".*", prop::collection::vec(numbers(), 0..300)), 0..14),
        title in ".*",
    ) {
        let series = series.into_iter().map(|(name, latencies_ms)| Distribution { name, latencies_ms });
        let data = LatencyDistribution { title: format!("t{title}"), series: series.collect() };
        let svg = latency_distribution(&data);
        prop_assert_eq!(&svg, &latency_distribution(&data));
        if let Some(svg) = svg {
            check(&svg);
        }
    }

    #[test]
    fn any_sizes_give_a_sound_chart_or_none(
        sizes in prop::collection::vec((memory(), numbers(), numbers(), numbers()), 0..9),
        recommended in prop::option::of(memory()),
    ) {
        let sizes = sizes.into_iter().map(|(memory_mb, mean, p99, cost)| SizePoint {
            memory_mb,
            mean: LatencyMs(mean),
            p99: LatencyMs(p99),
            cost_per_million: Usd(cost),
        });
        if let Some(svg) = cost_latency(&CostLatency { sizes: sizes.collect(), reference: None, recommended }) {
            check(&svg);
        }
    }

    #[test]
    fn any_loads_give_a_sound_chart_or_none(
        series in prop::collection::vec((
            any::<u32>(),
            prop::collection::vec((
                prop_oneof![0..300_u32, any::<u32>()],
                prop::option::of((numbers(), numbers())),
                prop_oneof![Just(0.0), 0.0..=1.0_f64, numbers()],
            ), 0..30),
        ), 0..14),
    ) {
        let point = |(clients, latency, throttled): (u32, Option<(f64, f64)>, f64)| LoadPoint {
            clients,
            latency: latency.map(|(p50, p99)| LoadLatency { p50: LatencyMs(p50), p99: LatencyMs(p99) }),
            throttled: Ratio(throttled),
        };
        let series = series.into_iter().map(|(max_concurrency, points)| LoadSeries {
            max_concurrency,
            points: points.into_iter().map(point).collect(),
        });
        let data = LatencyUnderLoad { title: "Load".to_owned(), series: series.collect() };
        if let Some(svg) = latency_under_load(&data) {
            check(&svg);
        }
    }

    #[test]
    fn any_prices_give_a_sound_chart_or_none(
        memory_mb in memory(),
        instance in ".*",
        per_invocation in prop_oneof![1e-9..1e-3_f64, any::<f64>()],
        instance_monthly in numbers(),
    ) {
        let data = BreakEvenCurve {
            memory_mb,
            instance,
            per_invocation: Usd(per_invocation),
            instance_monthly: Usd(instance_monthly),
        };
        if let Some(svg) = break_even(&data) {
            check(&svg);
        }
    }
}
