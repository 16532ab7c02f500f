"""What the platform has recorded, read from PostgreSQL itself: it answers while the API is away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.acceptance.platform import Platform
from tests.chaos.client import until_no_error
from tests.chaos.faults import listening_port

PRESSURE = """
    SELECT count(*) FILTER (WHERE status = 'queued' AND run_at <= now()) AS queued,
           count(*) FILTER (WHERE status = 'processing') AS running
    FROM jobs WHERE status IN ('queued', 'processing')
"""
UNFINISHED = """
    SELECT (SELECT count(*) FROM jobs WHERE status IN ('queued', 'processing'))
         + (SELECT count(*) FROM workflow_runs WHERE status IN ('queued', 'processing')) AS jobs
"""
ATTEMPTS = "SELECT job_id, attempt, worker, outcome, error FROM job_attempts ORDER BY job_id, attempt"
CLOSINGS = "SELECT job_id, data FROM job_events WHERE type = 'result' ORDER BY id"


@dataclass(frozen=True, kw_only=True)
class Pressure:
    """How many jobs were due and how many ran at one moment."""

    queued: int
    running: int


class Record:
    """Asks one question at a time, again while PostgreSQL is away."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def pressure(self) -> Pressure:
        """Return how much the platform has to do."""
        return Pressure(**self._rows(PRESSURE)[0])

    def count_unfinished(self) -> int:
        """Return how many jobs and runs are still to end."""
        count: int = self._rows(UNFINISHED)[0]["jobs"]
        return count

    def attempts(self) -> dict[int, list[dict[str, Any]]]:
        """Return the attempts that ended, in order, by job."""
        return self._by_job(ATTEMPTS)

    def closings(self) -> dict[int, list[dict[str, Any]]]:
        """Return what closed each job's story, by job: the event that clients take as the end."""
        return {job_id: [row["data"] for row in rows] for job_id, rows in self._by_job(CLOSINGS).items()}

    def _by_job(self, query: str) -> dict[int, list[dict[str, Any]]]:
        found = defaultdict(list)
        for row in self._rows(query):
            found[row["job_id"]].append(row)
        return found

    def _rows(self, query: str) -> list[dict[str, Any]]:
        def ask() -> list[dict[str, Any]]:
            with psycopg.connect(self._address(), row_factory=dict_row) as connection:
                return connection.execute(query).fetchall()

        rows: list[dict[str, Any]] = until_no_error(ask)
        return rows

    def _address(self) -> str:
        password = (self._platform.home / "postgres-password").read_text().strip()
        port = listening_port(self._platform, "postgres")
        return f"postgresql://satellite:{password}@127.0.0.1:{port}/postgres?connect_timeout=5"
