"""Runs AWS's Python toolkit, unchanged, and says which memory size it recommends.

Usage: run_toolkit.py MODEL SAMPLES OUTPUT INVOCATIONS CONCURRENCY_INVOCATIONS (0: no concurrency benchmark)
"""

import json
import sys
from pathlib import Path

from sm_serverless_benchmarking import benchmark


def main() -> None:
    model, samples, output, invocations, concurrency = sys.argv[1:]
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    recommended = []
    compute = benchmark.compute_cost_savings

    # The toolkit writes its recommendation into the HTML page only: listen to the function that makes it.
    def listening(*arguments, **named):
        answer = compute(*arguments, **named)
        recommended.append(answer[1])
        return answer

    benchmark.compute_cost_savings = listening
    benchmark.run_serverless_benchmarks(
        model,
        samples,
        stability_benchmark_invocations=int(invocations),
        include_concurrency_benchmark=concurrency != "0",
        concurrency_benchmark_invocations=max(int(concurrency), 1),
        result_save_path=output,
    )
    (folder / "recommended.json").write_text(json.dumps(recommended[0]))


main()
