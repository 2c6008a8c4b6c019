"""AWS's Python toolkit and sagegate against the same simulated AWS, side by side.

Exits with 1 when they recommend different sizes, when the cost per million by the toolkit's formula differs by more
than 1 % at the recommended size, or when a column of the toolkit's CSV files is missing in ours. sagegate's own headline
is lower: the toolkit adds the mean OverheadLatency, in which a single cold start weighs as much as hundreds of calls, and
sagegate the median.

Usage: side_by_side.py SAGEGATE [--invocations N] [--concurrency N] [PROFILE...]
"""

import argparse
import csv
import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contest import sagegate_command, toolkit_command, with_simulator, write_samples

TOLERANCE = 0.01


def table(path: Path) -> list[dict]:
    with path.open() as file:
        return list(csv.DictReader(file))


def costs(folder: Path, column: str) -> dict[int, float]:
    """By memory size, which the toolkit's cost table leaves out: its rows are in the order of the summary."""
    sizes = table(folder / "stability_benchmark_summary_results" / "endpoint_metrics_summary.csv")
    rows = table(folder / "cost_analysis_summary_results" / "metrics_with_cost.csv")
    return {int(float(size["memory_size"])): float(row[column]) for size, row in zip(sizes, rows, strict=True)}


def recommended_by_us(folder: Path) -> int:
    words = (folder / "comment.md").read_text()
    return int(re.search(r"Recommended memory \|[^|]*\| \**(\d+) MB", words)[1])


def missing_columns(theirs: Path, ours: Path) -> list[str]:
    """Files and columns that only the toolkit has."""
    missing = []
    for file in sorted(theirs.rglob("*.csv")):
        name = file.relative_to(theirs)
        if not (ours / name).exists():
            missing.append(f"{name} is missing")
            continue
        with file.open() as a, (ours / name).open() as b:
            head_a, head_b = next(csv.reader(a)), next(csv.reader(b))
        missing += [f"{name}: column `{column}` is missing" for column in head_a if column not in head_b]
    return missing


def compare(profile: str, sagegate: str, invocations: int, concurrency: int, work: Path) -> tuple[str, list[str]]:
    (work / profile).mkdir()
    samples = write_samples(work / profile / "samples.jsonl")
    theirs, ours = work / profile / "toolkit", work / profile / "sagegate"
    commands = {
        "toolkit": toolkit_command(profile, samples, theirs, invocations, concurrency),
        "sagegate": sagegate_command(sagegate, profile, samples, ours, invocations, concurrency),
    }
    # A fresh account each: endpoints of the same size then draw the same latencies.
    used = {
        name: with_simulator(sagegate, profile, command, work / profile / f"{name}.log")[0]
        for name, command in commands.items()
    }
    return report(profile, theirs, ours, used)


def report(profile: str, theirs: Path, ours: Path, used: dict) -> tuple[str, list[str]]:
    """The table, and what is wrong."""
    their_costs, our_costs = costs(theirs, "cost_per_1M_invocations"), costs(ours, "cost_per_million")
    by_formula = costs(ours, "cost_per_1M_invocations")
    their_size = int(json.loads((theirs / "recommended.json").read_text()))
    our_size = recommended_by_us(ours)
    lines = [f"\n{profile}: cost per million invocations"]
    lines.append(f"{'memory':>8} {'toolkit':>10} {'sagegate':>10} {'':>8} {'its formula':>12} {'':>8}")
    for size, cost in their_costs.items():
        marks = " ".join(name for name, best in (("toolkit", their_size), ("sagegate", our_size)) if best == size)
        lines.append(
            f"{size:>5} MB {cost:>10.4f} {our_costs[size]:>10.4f} {our_costs[size] / cost - 1:>+8.2%}"
            f" {by_formula[size]:>12.4f} {by_formula[size] / cost - 1:>+8.2%}"
            + (f"  recommended by {marks.replace(' ', ' and ')}" if marks else "")
        )
    for name, it in used.items():
        lines.append(f"{name:>8}: {it['wall']:.1f} s wall, {it['cpu']:.1f} s CPU, {it['mib']:.0f} MiB")
    failures = [f"{profile}: {problem}" for problem in missing_columns(theirs, ours)]
    if their_size != our_size:
        failures.append(f"{profile}: the toolkit recommends {their_size} MB, sagegate {our_size} MB")
    elif abs(by_formula[our_size] / their_costs[our_size] - 1) > TOLERANCE:
        failures.append(f"{profile}: the costs at {our_size} MB differ by more than {TOLERANCE:.0%}")
    return "\n".join(lines), failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sagegate")
    parser.add_argument("profiles", nargs="*", default=["xgboost", "mobilenet-v2"])
    parser.add_argument("--invocations", type=int, default=300)
    parser.add_argument("--concurrency", type=int, default=40, help="calls per load; 0 leaves the concurrency benchmark out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        numbers = (arguments.invocations, arguments.concurrency, Path(work))
        # The toolkit sleeps before every call: side by side the profiles hardly get in each other's way.
        with ThreadPoolExecutor() as pool:
            compared = pool.map(lambda profile: compare(profile, arguments.sagegate, *numbers), arguments.profiles)
            reports = list(compared)
    failures = [failure for _, failures in reports for failure in failures]
    for text, _ in reports:
        print(text)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"\ntoolkit: {len(arguments.profiles)} profiles, {len(failures)} failed")
    sys.exit(bool(failures))


main()
