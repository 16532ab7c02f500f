"""`make chaos`: parts are killed at random under load; counts what was lost or took effect twice.

The load lasts as long as the faults do: each strikes at least once, and on until `--jobs` were submitted.
Seeded, so that a run can be repeated: `python -m tests.chaos --jobs 10000 --seed 7`. Prints tables, writes
`build/chaos.json`, and ends with 1 if the promise was broken to a job or a fault met an idle platform.
"""

from __future__ import annotations

import argparse
import sys

from tests.chaos.drive import run
from tests.chaos.faults import CONTAINER_FAULTS, FAULTS
from tests.chaos.plan import Plan
from tests.chaos.report import write_report


def main() -> int:
    """Run the chaos and report."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--jobs", type=int, default=10_000, help="submit at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slots", type=int, default=16, help="jobs that run at once; six times as many wait")
    parser.add_argument("--runtime", default="process", choices=["process", "container", "auto"])
    parser.add_argument("--pause-s", type=float, default=20, help="seconds between two faults")
    parser.add_argument("--faults", nargs="*", choices=sorted(FAULTS | CONTAINER_FAULTS))
    options = parser.parse_args()
    plan = Plan(
        jobs=options.jobs,
        seed=options.seed,
        slots=options.slots,
        runtime=options.runtime,
        pause_s=options.pause_s,
        faults=options.faults or default_faults(options.runtime),
    )
    tally = run(plan)
    write_report(tally)
    return 0 if tally.is_clean and not tally.idle_strikes else 1


def default_faults(runtime: str) -> list[str]:
    """Return every fault that can hurt jobs of this runtime."""
    return sorted(FAULTS if runtime == "process" else FAULTS | CONTAINER_FAULTS)


if __name__ == "__main__":
    sys.exit(main())
