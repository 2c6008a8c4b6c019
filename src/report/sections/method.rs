//! The method: how the numbers were measured, so that a reader can check them.

use super::{DATA_IS_ASSUMED, cell, paragraph, runner};
use crate::analysis::{CostBasis, SizeSummary, count, load_calls};
use crate::prices::{ASSUMED_DATA_USD_PER_GB, DatedPrices, PriceSource};
use crate::report::baseline::outlook_table;
use crate::report::document::{Block, Inline, code, name, text};
use crate::report::reference::{Reference, in_turn as in_turn_words, rounds};
use crate::report::table::{Align, Table};
use crate::report::{Facts, Section, in_turn, metrics, numbers, sanitise, short_commit};
use crate::result::{ClockUse, EndpointRun, LatencySource, Service};
use crate::units::{LatencyMs, Usd};

/// Baseline runs that are named.
const MAX_COMMITS: usize = 10;
/// Characters shown of a hash.
const SHORT_HASH: usize = 12;

/// The folded part.
pub(super) fn section(facts: Facts<'_>) -> Section {
    let mut table = Table::new(&[("What", Align::Left), ("How", Align::Left)]);
    let noise_of = match facts.reference().in_turn() {
        Some(_) => "Noise between pairs",
        None => "Run-to-run noise",
    };
    let rows: [(&str, Vec<Inline>); 13] = [
        ("Where", place(facts)),
        ("Calls", cell(calls(facts))),
        ("Latency", cell(latency(facts))),
        ("Samples", samples(facts)),
        ("Cold starts", cell(cold_starts(facts))),
        ("Cost", cell(cost_basis(facts))),
        ("Prices", prices(facts)),
        ("Baseline", baseline(facts)),
        (noise_of, cell(noise(facts))),
        ("Slow change", cell(creep(facts))),
        ("Endpoints and configs", cell(cleanup(facts))),
        ("This run cost", cell(run_cost(facts))),
        ("Run", run(facts)),
    ];
    for (what, how) in rows {
        table.push(vec![cell(what), how]);
    }
    if let Some(state) = runner::state(facts.run) {
        table.push(vec![cell("Runner"), cell(state)]);
    }
    let mut blocks = vec![Block::Table(table)];
    let bands = metrics::band_table(facts);
    if !bands.rows().is_empty() {
        let differences = match facts.reference().in_turn() {
            Some(_) => "between two endpoints of one model",
            None => "from run to run",
        };
        blocks.push(paragraph(format!(
            "A metric fails when it grew by more than is wanted and by more than the same code varies: three standard \
             errors of this run's sampling and of the differences {differences}."
        )));
        blocks.push(Block::Table(bands));
    }
    blocks.extend(outlook(facts));
    Section {
        summary: "How this was measured".to_owned(),
        blocks,
    }
}

/// What can be proven with the runs to come, where there are too few yet.
fn outlook(facts: Facts<'_>) -> Vec<Block> {
    let outlooks = match &facts.judgement.baseline {
        Some(baseline) if baseline.outlooks.len() > 1 => &baseline.outlooks,
        Some(_) | None => return Vec::new(),
    };
    if facts.reference().in_turn().is_some() {
        return vec![
            paragraph("What these rounds can prove, and what twice as many could:"),
            Block::Table(in_turn::outlook_table(outlooks)),
        ];
    }
    if facts.reference().branch().is_none() {
        return Vec::new();
    }
    vec![
        paragraph(
            "What the gate can prove with this baseline, by the sampling of this run, if one run a night is recorded \
             and those vary by 4% as usual:",
        ),
        Block::Table(outlook_table(outlooks)),
    ]
}

fn place(facts: Facts<'_>) -> Vec<Inline> {
    let region = name(&sanitise::shortened(&facts.run.region, 40));
    match &facts.run.service {
        Service::Aws => vec![text("AWS, "), region],
        Service::Custom(host) => vec![
            text("a custom endpoint at "),
            name(&sanitise::shortened(host, 80)),
            text(", not AWS; region "),
            region,
        ],
        Service::Local(machine) => vec![
            text("containers on this machine ("),
            name(&sanitise::shortened(&machine.to_string(), 80)),
            text("), not SageMaker; prices of "),
            region,
        ],
    }
}

fn calls(facts: Facts<'_>) -> String {
    let settings = &facts.run.settings;
    let delay = if settings.cold_start_delay_s > 0.0 {
        format!(
            ", {} after deployment",
            numbers::duration(settings.cold_start_delay_s)
        )
    } else {
        String::new()
    };
    let warmup = match settings.warmup {
        0 => "without warm-up".to_owned(),
        calls => format!(
            "after {} set aside",
            numbers::plural(to_usize(calls), "warm-up call")
        ),
    };
    let calls = numbers::plural(to_usize(settings.invocations), "call");
    match &facts.run.reference {
        Some(reference) => format!(
            "{calls} per size, model and round: one client calls both models in turn with the same sample, never both \
             at once, in {} on fresh endpoints, {warmup}{delay}",
            rounds(reference.rounds)
        ),
        None => {
            format!("{calls} per size one after the other, all sizes side by side, {warmup}{delay}")
        }
    }
}

fn latency(facts: Facts<'_>) -> String {
    let (wanted, taken) = (
        facts.run.settings.latency_source,
        facts.analysis.latency_source,
    );
    match (wanted, taken) {
        (_, LatencySource::Server) => {
            "CloudWatch's ModelLatency on the server, warm-up calls included: without network and overhead".to_owned()
        }
        (LatencySource::Server, LatencySource::Client) => {
            "seen by the client: the server's was asked for, but CloudWatch published no percentiles of every size"
                .to_owned()
        }
        (LatencySource::Client, LatencySource::Client) => format!(
            "seen by the client, from just before the request is sent to the complete answer, on open connections{}",
            clock(facts)
        ),
    }
}

fn clock(facts: Facts<'_>) -> String {
    let words = |it: ClockUse| {
        let [kernel, calls] = [it.kernel, it.calls].map(|it| numbers::count(to_usize(it)));
        format!("; clock: kernel for {kernel} of {calls}")
    };
    facts.run.clock.map(words).unwrap_or_default()
}

fn to_usize(count: impl TryInto<usize>) -> usize {
    count.try_into().unwrap_or(usize::MAX)
}

fn samples(facts: Facts<'_>) -> Vec<Inline> {
    let samples = &facts.run.samples;
    let hash: String = samples.sha256.chars().take(SHORT_HASH).collect();
    vec![
        text(format!(
            "{} from ",
            numbers::plural(samples.count, "sample")
        )),
        name(&sanitise::shortened(&samples.source, 120)),
        text(" in turn, SHA-256 "),
        code(hash),
    ]
}

/// What we saw beside what CloudWatch counted: it publishes `ModelSetupTime` for cold starts only.
fn cold_starts(facts: Facts<'_>) -> String {
    let sizes = &facts.analysis.sizes;
    let measured: usize = sizes.iter().map(SizeSummary::cold_start_count).sum();
    let warmup: usize = sizes.iter().map(|size| size.warmup_cold_starts.len()).sum();
    let times = sizes
        .iter()
        .flat_map(|size| size.cold_starts.iter().chain(&size.warmup_cold_starts));
    let slowest = times.copied().reduce(|a, b| if b > a { b } else { a });
    let slowest = slowest
        .map(|slowest| format!(", the slowest {}", numbers::latency(slowest)))
        .unwrap_or_default();
    let setups = sizes
        .iter()
        .filter_map(|size| size.metrics.as_ref()?.model_setup_time_ms);
    let (count, total) = setups.fold((0.0, 0.0), |(count, total), it| {
        (
            count + it.sample_count,
            total + it.sample_count * it.average,
        )
    });
    let seen = if count > 0.0 {
        format!(
            "; CloudWatch counted {count:.0} model set-ups of {} on average",
            numbers::latency(LatencyMs(total / count))
        )
    } else {
        String::new()
    };
    format!(
        "{measured} set aside while measuring, {warmup} during warm-up (slower than 5 times their sample's median and \
         by more than 1 s){slowest}{seen}"
    )
}

fn cost_basis(facts: Facts<'_>) -> String {
    match facts.analysis.cost_basis {
        CostBasis::CloudWatch => {
            "CloudWatch's mean ModelLatency plus the median OverheadLatency, and bytes in and out"
                .to_owned()
        }
        CostBasis::ClientLatency if facts.analysis.sizes.is_empty() => "not known".to_owned(),
        CostBasis::ClientLatency => "an estimate from latency seen by the client".to_owned(),
    }
}

fn prices(facts: Facts<'_>) -> Vec<Inline> {
    let prices = &facts.analysis.prices;
    vec![
        text("SageMaker in "),
        name(&sanitise::shortened(&prices.region, 40)),
        text(", list of "),
        name(&sanitise::shortened(&prices.published, 40)),
        text(source_of_prices(prices)),
    ]
}

fn source_of_prices(prices: &DatedPrices) -> String {
    let source = match prices.source {
        PriceSource::Bundled => ", built in",
        PriceSource::File => ", from a file",
        PriceSource::Aws => ", downloaded from AWS",
    };
    let of = &prices.prices;
    let is_assumed = of.data_in_usd_per_gb.is_none() || of.data_out_usd_per_gb.is_none();
    let data = if is_assumed {
        format!("; data at ${ASSUMED_DATA_USD_PER_GB} per GB{DATA_IS_ASSUMED}")
    } else {
        String::new()
    };
    format!("{source}{data}")
}

fn baseline(facts: Facts<'_>) -> Vec<Inline> {
    let Some(baseline) = &facts.judgement.baseline else {
        return cell("none compared");
    };
    if let Some(it) = facts.reference().in_turn() {
        return vec![
            text(format!("{} ", facts.reference().name())),
            name(&sanitise::shortened(&it.model, 120)),
            text(format!(", {}", in_turn_words(it))),
        ];
    }
    let mut words = vec![text(format!("{}: ", facts.reference().runs(baseline.runs)))];
    for (index, (commit, at)) in baseline.commits.iter().take(MAX_COMMITS).enumerate() {
        let commit = commit
            .as_deref()
            .map_or_else(|| "unknown commit".to_owned(), short_commit);
        let separator = if index == 0 { "" } else { ", " };
        words.extend([
            text(separator),
            name(&commit),
            text(format!(" ({})", at.strftime("%Y-%m-%d"))),
        ]);
    }
    if baseline.commits.len() > MAX_COMMITS {
        words.push(text(format!(
            " and {} older",
            baseline.commits.len() - MAX_COMMITS
        )));
    }
    words
}

fn noise(facts: Facts<'_>) -> String {
    match &facts.judgement.baseline {
        Some(baseline) => format!(
            "{} (standard deviation)",
            numbers::share(baseline.run_deviation)
        ),
        None => "not known yet".to_owned(),
    }
}

/// Many small steps, none of which fails.
fn creep(facts: Facts<'_>) -> String {
    let Some(creep) = facts.judgement.baseline.as_ref().and_then(|it| it.creep) else {
        return "not known yet".to_owned();
    };
    let latency = creep
        .latency
        .map(|(quantile, change)| format!("{} {}", quantile.name(), numbers::percent(change)));
    let cost = creep
        .cost
        .map(|change| format!("cost {}", numbers::percent(change)));
    let changes: Vec<String> = [latency, cost].into_iter().flatten().collect();
    let since = creep.since.strftime("%Y-%m-%d");
    format!(
        "{} since {since}, the first run of {} like these (not judged)",
        changes.join(", "),
        branch(facts)
    )
}

/// Whose stored runs the slow change is of.
fn branch(facts: Facts<'_>) -> String {
    match &facts.judgement.stored {
        Some(stored) => Reference::of(&stored.origin, stored.runs).name(),
        None => facts.reference().name(),
    }
}

fn cleanup(facts: Facts<'_>) -> String {
    let cleanup = &facts.run.cleanup;
    let left = match cleanup.left.len() {
        0 => String::new(),
        left => format!(", {left} left"),
    };
    format!(
        "{} created, {} deleted{left}",
        cleanup.created, cleanup.deleted
    )
}

/// Every successful and warm-up call at the price of its size.
fn run_cost(facts: Facts<'_>) -> String {
    let called = facts.analysis.sizes.iter().chain(&facts.analysis.bounds);
    if called.clone().next().is_none() {
        return "not known: no call succeeded".to_owned();
    }
    let reference = facts.run.reference.as_ref();
    let of_reference = reference.zip(facts.beside).map(|(reference, analysis)| {
        let sizes = analysis.sizes.iter();
        cost_of_calls(sizes, &reference.stability)
    });
    let cost = cost_of_calls(called, &facts.run.stability) + of_reference.unwrap_or_default();
    let load_size = facts.run.concurrency.first().map(|it| it.memory_mb);
    let per_load_call = load_size
        .and_then(|memory| facts.analysis.size(memory))
        .map_or(Usd(0.0), |size| size.cost.per_invocation());
    let cost = cost + per_load_call * load_calls(facts.run);
    match facts.run.service {
        Service::Aws => format!("about {}", numbers::usd(cost)),
        Service::Custom(_) | Service::Local(_) => {
            format!("nothing; on AWS about {}", numbers::usd(cost))
        }
    }
}

fn cost_of_calls<'a>(
    sizes: impl Iterator<Item = &'a SizeSummary>,
    endpoints: &[EndpointRun],
) -> Usd {
    sizes.fold(Usd(0.0), |sum, size| {
        let endpoints = endpoints.iter();
        let calls: f64 = endpoints
            .filter(|run| run.memory_mb == size.memory_mb)
            .map(|run| count(&run.warmup) + count(&run.invocations))
            .sum();
        sum + size.cost.per_invocation() * calls
    })
}

fn run(facts: Facts<'_>) -> Vec<Inline> {
    let run = facts.run;
    let seconds = run.finished_at.duration_since(run.started_at).as_secs_f64();
    vec![
        name(&sanitise::shortened(&run.run_id, 60)),
        text(format!(
            ", finished {} after {}, model ",
            numbers::moment(run.finished_at),
            numbers::duration(seconds)
        )),
        name(&sanitise::shortened(&run.model_name, 80)),
        text(", sagegate "),
        name(&sanitise::shortened(&run.sagegate_version, 30)),
    ]
}
