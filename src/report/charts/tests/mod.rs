mod arbitrary;

use super::*;
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// Latencies with a long tail: quantiles of a log-normal distribution in the order of a
/// bit-reversed counter.
fn latencies(count: u32, median: f64, spread: f64) -> Vec<f64> {
    (0..count)
        .map(|index| {
            let share = (f64::from(index) + 0.5) / f64::from(count);
            let logit = (share / (1.0 - share)).ln();
            median * (spread * logit).exp()
        })
        .collect()
}

fn distribution(sizes: usize) -> LatencyDistribution {
    let series = (0_u32..).take(sizes).map(|index| {
        let name = match MemoryMb::OFFERED.get(index as usize) {
            Some(size) if sizes <= 6 => size.to_string(),
            _ => format!("{} clients", index + 1),
        };
        let faster = 1.0 + f64::from(index) * 0.45;
        Distribution {
            name,
            latencies_ms: latencies(1000, 60.0 + 320.0 / faster, 0.05 + 0.09 / faster),
        }
    });
    LatencyDistribution {
        title: "Latency by memory size".to_owned(),
        series: series.collect(),
    }
}

fn sizes() -> CostLatency {
    let numbers = [
        (412.0, 655.0, 4.12),
        (214.0, 311.0, 3.42),
        (171.0, 262.0, 4.11),
        (155.0, 248.0, 4.96),
        (149.0, 240.0, 5.97),
        (147.0, 241.0, 7.05),
    ];
    CostLatency {
        reference: None,
        sizes: MemoryMb::OFFERED
            .into_iter()
            .zip(numbers)
            .map(|(memory_mb, (mean, p99, cost))| SizePoint {
                memory_mb,
                mean: LatencyMs(mean),
                p99: LatencyMs(p99),
                cost_per_million: Usd(cost),
            })
            .collect(),
        recommended: Some(MemoryMb::OFFERED[1]),
    }
}

fn load(endpoints: &[u32]) -> LatencyUnderLoad {
    let series = endpoints.iter().map(|max_concurrency| LoadSeries {
        max_concurrency: *max_concurrency,
        points: [1, 2, 3, 4]
            .map(|quarters| {
                let clients = (max_concurrency * quarters).div_ceil(2);
                let over = f64::from(clients) / f64::from(*max_concurrency);
                LoadPoint {
                    clients,
                    latency: Some(LoadLatency {
                        p50: LatencyMs(180.0 + 6.0 * f64::from(clients)),
                        p99: LatencyMs(260.0 + 40.0 * over * over * f64::from(quarters)),
                    }),
                    throttled: Ratio(if over > 1.0 {
                        0.235 * (over - 1.0)
                    } else {
                        0.0
                    }),
                }
            })
            .to_vec(),
    });
    LatencyUnderLoad {
        title: "Latency under load at 2048 MB".to_owned(),
        series: series.collect(),
    }
}

fn curve() -> BreakEvenCurve {
    BreakEvenCurve {
        memory_mb: MemoryMb::OFFERED[1],
        instance: "ml.t2.medium".to_owned(),
        per_invocation: Usd(4.55e-6),
        instance_monthly: Usd(40.32),
    }
}

/// The four charts of an ordinary run.
fn samples() -> [String; 4] {
    [
        latency_distribution(&distribution(6)).unwrap(),
        cost_latency(&sizes()).unwrap(),
        latency_under_load(&load(&[2, 4, 8])).unwrap(),
        break_even(&curve()).unwrap(),
    ]
}

fn description(svg: &str) -> String {
    let document = roxmltree::Document::parse(svg).unwrap();
    let found = document
        .descendants()
        .find(|node| node.has_tag_name("desc"));
    found.unwrap().text().unwrap().to_owned()
}

/// Height of the text on a phone, where it is largest.
const PHONE_TEXT: f64 = 17.0;

/// Room for the fonts of `chart.css` that are wider than Helvetica.
const OTHER_FONTS: f64 = 1.06;

/// Width of a character in ems, all of them as wide as bold ones.
///
/// Source: Helvetica Bold in Adobe's Core 14 AFM files, version 003.001.
fn advance(character: char) -> f64 {
    let thousandths = match character {
        '\'' | ',' | '.' | '/' | 'I' | '\\' | '`' | 'i' | 'j' | 'l' | ' ' | '|' => 278,
        '!' | '(' | ')' | '-' | ':' | ';' | '[' | ']' | '^' | 'f' | 't' | '~' => 333,
        '*' | 'r' | '{' | '}' => 389,
        'z' => 500,
        '#' | '$' | '0'..='9' | 'J' | '_' | 'a' | 'c' | 'e' | 'k' | 's' | 'v' | 'x' | 'y' => 556,
        '+' | '<' | '=' | '>' => 584,
        '?' | 'F' | 'L' | 'T' | 'Z' | 'b' | 'd' | 'g' | 'h' | 'n' | 'o' | 'p' | 'q' | 'u' => 611,
        'E' | 'P' | 'S' | 'V' | 'X' | 'Y' => 667,
        '&' | 'A' | 'B' | 'C' | 'D' | 'H' | 'K' | 'N' | 'R' | 'U' => 722,
        'G' | 'O' | 'Q' | 'w' => 778,
        _ => 1000,
    };
    f64::from(thousandths) / 1000.0
}

/// Left, top, right and bottom of a word on a phone, and the word.
type Word = (f64, f64, f64, f64, String);

fn words(svg: &str) -> Vec<Word> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .map(|node| {
            let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let (x, y) = (number("x"), number("y"));
            let text = node.text().unwrap().to_owned();
            let class = node.attribute("class").unwrap_or_default();
            let ems: f64 = text.chars().map(advance).sum();
            let scale = if class.contains("heading") { 1.15 } else { 1.0 };
            let width = ems * scale * PHONE_TEXT * OTHER_FONTS;
            let left = match class {
                _ if class.contains("middle") => x - width / 2.0,
                _ if class.contains("end") => x - width,
                _ => x,
            };
            (left, y - 12.5, left + width, y + 3.5, text)
        })
        .collect()
}

/// What holds for every chart, with any numbers.
fn check(svg: &str) {
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
    let document = roxmltree::Document::parse(svg).unwrap();
    let root = document.root_element();
    assert_eq!(
        (root.tag_name().name(), root.attribute("role")),
        ("svg", Some("img"))
    );
    for tag in ["title", "desc"] {
        let node = root.children().find(|node| node.has_tag_name(tag)).unwrap();
        assert!(!node.text().unwrap().is_empty());
    }
    assert!(
        !document
            .descendants()
            .any(|node| node.has_tag_name("script") || node.attribute("id").is_some())
    );
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        for attribute in node.attributes() {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
            let decimals = value
                .split('.')
                .skip(1)
                .map(|it| it.chars().take_while(char::is_ascii_digit).count());
            assert!(decimals.max().unwrap_or_default() <= 3, "{value}");
        }
    }
    let height: f64 = root
        .attribute("viewBox")
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    for (_, top, _, bottom, word) in words(svg) {
        assert!(top >= 0.0 && bottom <= height, "{word}");
    }
}

#[test]
fn a_small_chart() {
    let data = CostLatency {
        reference: None,
        sizes: sizes().sizes.into_iter().take(2).collect(),
        recommended: sizes().recommended,
    };
    let svg = cost_latency(&data).unwrap();
    let (before, rest) = svg.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    insta::assert_snapshot!(format!("{before}{after}"), @r#"
    <svg xmlns="http://www.w3.org/2000/svg" class="sg" role="img" width="100%" viewBox="0 0 600 398">
    <title>Cost and latency by memory size</title>
    <desc>1024 MB: mean 412 ms, p99 655 ms, &#36;4.12 per million&#59; 2048 MB: mean 214 ms, p99 311 ms, &#36;3.42 per million. Recommended: 2048 MB.</desc>

    <rect class="back" width="600" height="398"/>
    <text class="heading" x="2" y="22">Cost and latency by memory size</text>
    <rect class="band" x="456" y="70" width="52" height="240"/>
    <path class="grid" d="M70 310L538 310"/>
    <text class="soft end" x="61" y="314.5">0</text>
    <path class="grid" d="M70 250L538 250"/>
    <text class="soft end" x="61" y="254.5">200</text>
    <path class="grid" d="M70 190L538 190"/>
    <text class="soft end" x="61" y="194.5">400</text>
    <path class="grid" d="M70 130L538 130"/>
    <text class="soft end" x="61" y="134.5">600</text>
    <path class="grid" d="M70 70L538 70"/>
    <text class="soft end" x="61" y="74.5">800</text>
    <text class="soft" x="2" y="54">Latency &#40;ms&#41;</text>
    <text class="soft" x="547" y="314.5">0</text>
    <text class="soft" x="547" y="254.5">2</text>
    <text class="soft" x="547" y="194.5">4</text>
    <text class="soft" x="547" y="134.5">6</text>
    <text class="soft" x="547" y="74.5">8</text>
    <text class="soft end" x="598" y="54">&#36; per million</text>
    <path class="axis" d="M70 310L538 310"/>
    <text class="soft middle" x="126" y="331">1024</text>
    <text class="strong middle" x="482" y="331">2048</text>
    <text class="strong middle" x="482" y="353">recommended</text>
    <text class="soft end" x="74" y="331">MB</text>
    <path class="curve c1 d1" d="M126 186.4L482 207.4"/>
    <path class="mark c1" d="M126 186.4m-4-4h8v8h-8zM482 207.4m-4-4h8v8h-8z"/>
    <path class="curve c2 d2" d="M126 186.4L482 245.8"/>
    <path class="mark c2" d="M126 186.4m0-5.5l5.5 9.5h-11zM482 245.8m0-5.5l5.5 9.5h-11z"/>
    <path class="curve c0 d0" d="M126 113.5L482 216.7"/>
    <path class="mark c0" d="M126 113.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0zM482 216.7m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"/>
    <path class="curve c0 d0" d="M2 381.5L30 381.5"/>
    <path class="mark c0" d="M16 381.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"/>
    <text x="37" y="386">p99 &#40;left&#41;</text>
    <path class="curve c2 d2" d="M200.7 381.5L228.7 381.5"/>
    <path class="mark c2" d="M214.7 381.5m0-5.5l5.5 9.5h-11z"/>
    <text x="235.7" y="386">mean &#40;left&#41;</text>
    <path class="curve c1 d1" d="M399.3 381.5L427.3 381.5"/>
    <path class="mark c1" d="M413.3 381.5m-4-4h8v8h-8z"/>
    <text x="434.3" y="386">cost &#40;right&#41;</text>
    </svg>
    "#);
}

#[test]
fn ordinary_charts_are_well_formed_and_small() {
    for svg in samples() {
        check(&svg);
        assert!(svg.len() < 17_000, "{} bytes", svg.len());
    }
}

#[test]
fn no_words_overlap_or_leave_the_drawing_even_on_a_phone() {
    for svg in samples() {
        let words = words(&svg);
        for (index, one) in words.iter().enumerate() {
            assert!(one.0 >= -0.5 && one.2 <= 600.5, "{one:?}");
            for other in words.iter().skip(index + 1) {
                let apart =
                    one.2 <= other.0 || other.2 <= one.0 || one.3 <= other.1 || other.3 <= one.1;
                assert!(apart, "{one:?} {other:?}");
            }
        }
    }
}

#[test]
fn the_key_numbers_are_given_in_words() {
    let [distribution, cost, load, break_even] = samples().map(|svg| description(&svg));
    insta::assert_snapshot!(distribution, @"Share of calls answered within a time. 1024 MB: half of the calls within 380 ms, 99% within 718 ms, all within 1.10 s; 2048 MB: half of the calls within 281 ms, 99% within 467 ms, all within 658 ms; 3072 MB: half of the calls within 228 ms, 99% within 356 ms, all within 479 ms; 4096 MB: half of the calls within 196 ms, 99% within 293 ms, all within 384 ms; 5120 MB: half of the calls within 174 ms, 99% within 253 ms, all within 325 ms; 6144 MB: half of the calls within 158 ms, 99% within 226 ms, all within 286 ms.");
    insta::assert_snapshot!(cost, @"1024 MB: mean 412 ms, p99 655 ms, $4.12 per million; 2048 MB: mean 214 ms, p99 311 ms, $3.42 per million; 3072 MB: mean 171 ms, p99 262 ms, $4.11 per million; 4096 MB: mean 155 ms, p99 248 ms, $4.96 per million; 5120 MB: mean 149 ms, p99 240 ms, $5.97 per million; 6144 MB: mean 147 ms, p99 241 ms, $7.05 per million. Recommended: 2048 MB.");
    insta::assert_snapshot!(load, @"MaxConcurrency 2: with 1 client p50 186 ms, p99 270 ms; with 4 clients p50 204 ms, p99 900 ms; up to 24% of calls throttled. MaxConcurrency 4: with 2 clients p50 192 ms, p99 270 ms; with 8 clients p50 228 ms, p99 900 ms; up to 24% of calls throttled. MaxConcurrency 8: with 4 clients p50 204 ms, p99 270 ms; with 16 clients p50 276 ms, p99 900 ms; up to 24% of calls throttled.");
    insta::assert_snapshot!(break_even, @"Serverless at 2048 MB and one ml.t2.medium ($40.3 a month) cost the same at 8.86 million invocations a month: below, serverless is cheaper, above, the instance.");
}

#[test]
fn the_recommended_size_is_marked() {
    let marked = |data: &CostLatency| {
        words(&cost_latency(data).unwrap())
            .iter()
            .any(|word| word.4 == "recommended")
    };
    assert!(marked(&sizes()));
    assert!(!marked(&CostLatency {
        recommended: None,
        ..sizes()
    }));
}

#[test]
fn throttled_shares_stand_beside_their_points_only_where_there_are_any() {
    let shares = |data: &LatencyUnderLoad| -> Vec<String> {
        let words = words(&latency_under_load(data).unwrap()).into_iter();
        words
            .map(|word| word.4)
            .filter(|word| word.ends_with('%'))
            .collect()
    };
    assert_eq!(shares(&load(&[2, 4])), ["12%", "24%", "12%", "24%"]);
    let mut data = load(&[2, 4]);
    for point in data.series.iter_mut().flat_map(|series| &mut series.points) {
        point.throttled = Ratio(0.0);
    }
    assert!(shares(&data).is_empty() && !latency_under_load(&data).unwrap().contains("throttled"));
    data.series[1].points[3] = LoadPoint {
        clients: 8,
        latency: None,
        throttled: Ratio(1.0),
    };
    data.series[1].points[2].throttled = Ratio(0.000_1);
    assert_eq!(shares(&data), ["<0.1%", "100%"]);
}

#[test]
fn the_break_even_is_marked_with_its_number() {
    let words: Vec<String> = words(&break_even(&curve()).unwrap())
        .into_iter()
        .map(|word| word.4)
        .collect();
    for word in [
        "8.86 million",
        "ml.t2.medium: $40.3",
        "serverless, 2048 MB",
        "10M",
    ] {
        assert!(words.iter().any(|it| it == word), "{word} in {words:?}");
    }
}

#[test]
fn a_range_beyond_a_factor_of_twenty_is_logarithmic() {
    let is_logarithmic =
        |svg: Option<String>| svg.unwrap().contains("Latency &#40;ms&#41;, logarithmic");
    let mut data = distribution(2);
    assert!(!is_logarithmic(latency_distribution(&data)));
    data.series[0].latencies_ms.push(9_000.0);
    assert!(is_logarithmic(latency_distribution(&data)));
    let mut data = load(&[2]);
    data.series[0].points[3].latency = Some(LoadLatency {
        p50: LatencyMs(300.0),
        p99: LatencyMs(9_000.0),
    });
    assert!(is_logarithmic(latency_under_load(&data)));
}

#[test]
fn nothing_to_draw_is_no_chart() {
    let mut empty = distribution(2);
    empty.series[1].latencies_ms.clear();
    assert_eq!(latency_distribution(&empty), None);
    assert_eq!(latency_distribution(&distribution(0)), None);
    let mut one = sizes();
    one.sizes.truncate(1);
    assert_eq!(cost_latency(&one), None);
    assert_eq!(latency_under_load(&load(&[])), None);
    for price in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let instance_monthly = Usd(price);
        let per_invocation = Usd(price);
        assert_eq!(
            break_even(&BreakEvenCurve {
                instance_monthly,
                ..curve()
            }),
            None
        );
        assert_eq!(
            break_even(&BreakEvenCurve {
                per_invocation,
                ..curve()
            }),
            None
        );
    }
}

#[test]
fn more_series_than_a_reader_can_distinguish_are_cut_and_counted() {
    let svg = latency_distribution(&distribution(15)).unwrap();
    check(&svg);
    assert!(svg.contains("first 12 of 15"));
    assert!(svg.contains("12 clients") && !svg.contains("13 clients"));
}

#[test]
fn the_largest_charts_stay_below_forty_kilobytes() {
    let mut data = distribution(12);
    for (index, series) in data.series.iter_mut().enumerate() {
        series.name = "<&>".repeat(50 + index);
        let spread = latencies(170, 900.0, 0.4);
        series.latencies_ms = spread;
    }
    check(&latency_distribution(&data).unwrap());
    let points = |max_concurrency: u32| -> Vec<LoadPoint> {
        (1..=200)
            .map(|clients| LoadPoint {
                clients: clients * max_concurrency,
                latency: Some(LoadLatency {
                    p50: LatencyMs(100.4 + f64::from(clients)),
                    p99: LatencyMs(300.7 + f64::from(clients * clients)),
                }),
                throttled: Ratio(0.123),
            })
            .collect()
    };
    let series = (1..=12).map(|max_concurrency| LoadSeries {
        max_concurrency,
        points: points(max_concurrency),
    });
    let data = LatencyUnderLoad {
        title: "x".repeat(200),
        series: series.collect(),
    };
    check(&latency_under_load(&data).unwrap());
}
