//! Answers of CloudWatch, one period and several.

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_window_is_whole_minutes_around_the_run() {
    let window = MetricWindow::new(time("2026-11-22T10:00:59Z"), time("2026-11-22T10:02:00Z"));
    assert_eq!(window.period_s, 13 * 60, "09:55 to 10:08");
    assert_eq!(window.start_s % 60, 0);
    assert_eq!(window.end().secs() - window.start().secs(), 13 * 60);
}

/// The same periods for every statistic, but for those of `special`.
fn merged(
    periods: &[f64],
    special: &[(Statistic, &[f64])],
    divisor: f64,
) -> Option<MetricStatistics> {
    let values = |statistic| {
        let found = special.iter().find(|(it, _)| *it == statistic);
        found.map_or(periods, |(_, values)| *values)
    };
    statistics_of(values, divisor)
}

#[test]
fn one_period_is_taken_as_it_is_and_converted() {
    let special: [(Statistic, &[f64]); 4] = [
        (Statistic::SampleCount, &[4.0]),
        (Statistic::Average, &[2000.0]),
        (Statistic::Minimum, &[1000.0]),
        (Statistic::P99, &[3000.0]),
    ];
    let merged = merged(&[2500.0], &special, 1000.0).unwrap();
    assert_eq!((merged.p99, merged.p25), (Some(3.0), Some(2.5)));
    assert!((merged.average - 2.0).abs() < 1e-12 && (merged.minimum - 1.0).abs() < 1e-12);
}

#[test]
fn two_periods_are_weighted_by_their_counts_and_have_no_percentiles() {
    let special: [(Statistic, &[f64]); 4] = [
        (Statistic::SampleCount, &[1.0, 3.0]),
        (Statistic::Average, &[10.0, 20.0]),
        (Statistic::Minimum, &[10.0, 5.0]),
        (Statistic::Maximum, &[10.0, 40.0]),
    ];
    let merged = merged(&[10.0, 20.0], &special, 1.0).unwrap();
    assert!((merged.average - 17.5).abs() < 1e-12);
    assert!((merged.minimum - 5.0).abs() < 1e-12 && (merged.maximum - 40.0).abs() < 1e-12);
    let percentiles = [
        merged.p25, merged.p50, merged.p75, merged.p90, merged.p95, merged.p99,
    ];
    assert_eq!(percentiles, [None; 6], "a p99 of p99s is not a p99");
}

#[test]
fn what_json_cannot_write_is_no_data() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let with = |statistic| merged(&[4.0], &[(statistic, &[odd])], 1000.0);
        for needed in [
            Statistic::SampleCount,
            Statistic::Average,
            Statistic::Minimum,
            Statistic::Maximum,
        ] {
            assert_eq!(with(needed), None, "{}: {odd}", needed.name());
        }
        let merged = with(Statistic::P99).unwrap();
        assert_eq!((merged.p99, merged.p95), (None, Some(0.004)));
    }
}

#[test]
fn a_metric_without_data_is_absent() {
    assert_eq!(merged(&[], &[], 1.0), None);
    let metrics = Answers::default().metrics("sagegate-r-m1024");
    assert_eq!(metrics.model_latency_ms, None);
    assert_eq!(metrics.model_setup_time_ms, None);
}

#[test]
fn each_endpoint_gets_the_answers_to_its_own_queries() {
    let mut answers = Answers::default();
    for (endpoint, value) in [("a", 1000.0), ("b", 7000.0)] {
        for query in queries_of(endpoint) {
            answers.0.insert(query, vec![value]);
        }
    }
    let average = |endpoint: &str| {
        let metrics = answers.metrics(endpoint);
        let (latency, memory) = (metrics.model_latency_ms, metrics.memory_utilization_percent);
        (latency.unwrap().average, memory.unwrap().average)
    };
    assert_eq!((average("a"), average("b")), ((1.0, 1000.0), (7.0, 7000.0)));
}
