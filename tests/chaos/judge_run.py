"""Compares, run by run, what was asked for with what the platform says of it and of its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.runs import SKIPPED, STEPS, RunAsked
from tests.chaos.submission import ENDED
from tests.chaos.tally import Tally


@dataclass(frozen=True, kw_only=True)
class RunCase:
    """All that is known of one run."""

    asked: RunAsked
    run: dict[str, Any] | None
    """As the API shows it."""
    steps: Sequence[dict[str, Any]] = ()
    jobs: Sequence[dict[str, Any]] = ()
    """Those of its steps."""
    closings: Sequence[dict[str, Any]] = ()

    def story(self) -> dict[str, Any]:
        """Return what a person needs for finding out what happened."""
        run = self.run or {}
        return {
            "run": self.asked.run_id,
            "number": self.asked.number,
            "kind": "run of a workflow",
            "status": run.get("status"),
            "error": run.get("error"),
            "tasks": {task["name"]: task["status"] for task in run.get("tasks") or ()},
            "steps": [(step["task"], step["map_index"], step["job_id"]) for step in self.steps],
            "closings": [closing["status"] for closing in self.closings],
        }


def judge_run(case: RunCase, tally: Tally) -> None:
    """Count one run; its steps are judged as jobs beside."""
    tally.runs += 1
    if case.run is None:
        tally.lost.append(case.story())
    elif case.run["status"] not in ENDED:
        tally.stuck.append(case.story())
    elif case.run["status"] != "completed" or not _tasks_ended_well(case.run):
        tally.wrongly_failed.append(case.story())
    else:
        tally.completed_runs += 1
        if not _is_done_once(case):
            tally.doubly_effective.append(case.story())


def _tasks_ended_well(run: dict[str, Any]) -> bool:
    return all(
        task["status"] == ("skipped" if task["name"] == SKIPPED else "completed") for task in run["tasks"]
    )


def _is_done_once(case: RunCase) -> bool:
    """Tell whether each step is there once, each with a job of its own, and the end was told once."""
    found = Counter((step["task"], step["map_index"]) for step in case.steps)
    jobs = [step["job_id"] for step in case.steps]
    return (
        found == STEPS
        and len(set(jobs)) == len(jobs)
        and sorted(jobs) == sorted(job["id"] for job in case.jobs)
        and len(case.closings) == 1
    )
