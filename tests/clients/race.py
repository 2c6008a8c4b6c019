"""AWS's Python toolkit and sagegate in turn, A B A B: what each needs for the same plan, as JSON on stdout.

`limit` is what no client can go below: the time that the slowest endpoint took for its calls, back to back, by the
simulator's clock. `calls` counts what the model answered.

Usage: race.py SAGEGATE PROFILE MODEL INVOCATIONS ROUNDS
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from contest import sagegate_command, toolkit_command, with_simulator, write_samples


def lap(sagegate: str, profile: str, command: list[str], log: Path) -> dict:
    used, answered = with_simulator(sagegate, profile, command, log)
    took = Counter()
    for call in answered:
        if call["status"] == 200:
            took[call["endpoint"]] += call["took_us"]
    calls = sum(call["status"] == 200 for call in answered)
    return {**used, "calls": calls, "limit": max(took.values()) / 1e6}


def main() -> None:
    sagegate, profile, model, invocations, rounds = sys.argv[1:]
    laps = {"toolkit": [], "sagegate": []}
    with tempfile.TemporaryDirectory() as work:
        for number in range(int(rounds)):
            folder = Path(work) / str(number)
            folder.mkdir()
            samples = write_samples(folder / "samples.jsonl")
            plan = (model, samples)
            commands = {
                "toolkit": toolkit_command(*plan, folder / "toolkit", int(invocations), 0),
                "sagegate": sagegate_command(sagegate, *plan, folder / "sagegate", int(invocations), 0),
            }
            for name, command in commands.items():
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                laps[name].append(lap(sagegate, profile, command, folder / f"{name}.log"))
    print(json.dumps(laps))


if __name__ == "__main__":
    main()
