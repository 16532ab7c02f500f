"""Ray Jobs: a driver process for every job, submitted over HTTP."""

from __future__ import annotations

import os
import tempfile
import time

from clock import free_port, measure, program, read_load, started, wait_for
from ray.job_submission import JobStatus, JobSubmissionClient

NOOP = "python -c 1"
POLL_S = 0.02


def main() -> None:
    """Measure a cluster of one node."""
    load = read_load()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    dashboard = free_port()
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        command = [
            program("ray"), "start", "--head", "--block", "--node-ip-address=127.0.0.1",
            f"--port={free_port()}", f"--dashboard-port={dashboard}", "--min-worker-port=0",
            "--max-worker-port=0", f"--dashboard-agent-listen-port={free_port()}", "--disable-usage-stats",
            "--object-store-memory=78643200", f"--temp-dir={folder}", "--include-dashboard=true",
        ]  # fmt: skip
        with started(command):
            wait_for(lambda: JobSubmissionClient(f"http://127.0.0.1:{dashboard}").list_jobs())
            client = JobSubmissionClient(f"http://127.0.0.1:{dashboard}")

            def finish(job_id: str) -> None:
                while not (status := client.get_job_status(job_id)).is_terminal():
                    time.sleep(POLL_S)
                assert status is JobStatus.SUCCEEDED, client.get_job_info(job_id)

            def once() -> None:
                finish(client.submit_job(entrypoint=NOOP))

            def many(jobs: int) -> None:
                for job_id in [client.submit_job(entrypoint=NOOP) for _ in range(jobs)]:
                    finish(job_id)

            wait_for(once)
            measure("Ray Jobs", once=once, many=many, calls=load.calls, jobs=load.jobs,
                    kept="nothing: lost with the head")  # fmt: skip


if __name__ == "__main__":
    main()
