"""Jobs that are submitted again and again while supervisors, judges and jobs are killed at random."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading

from analysis_server.connector.agent_messages import ExitReason, RemoteState
from analysis_server.connector.remote import process_tree
from tests.integration.connector.remote.host import WAIT_S, Host, job, job_name, wait_until

JOBS = 24
SCRIPT = "echo began >> $OUTPUT_DIR/../begins; sleep 2; echo done >> $OUTPUT_DIR/../ends"


def submit_often(host: Host, number: int, chance: random.Random) -> None:
    """Submit a job some times, of which some are cut off as by a lost connection."""
    body = json.dumps(job(number, SCRIPT).model_dump(mode="json")).encode()
    for _ in range(3):
        with host.start("submit") as process:
            try:
                process.communicate(body, timeout=chance.choice([0.05, 0.3, WAIT_S]))
            except subprocess.TimeoutExpired:
                process.kill()


def kill_some(host: Host, stop: threading.Event, chance: random.Random) -> None:
    while not stop.wait(0.2):
        path = host.folder(job_name(chance.randint(1, JOBS))) / ".satellite/begin/owner.json"
        if path.exists():
            owner = json.loads(path.read_text())
            if process_tree.this_host.same_process(owner["pid"], owner["start_time"]):
                os.kill(owner["pid"], signal.SIGKILL)


def test_none_is_lost_and_none_runs_twice(host: Host) -> None:
    chance, stop = random.Random(14), threading.Event()
    killer = threading.Thread(target=kill_some, args=(host, stop, chance))
    submitters = [
        threading.Thread(target=submit_often, args=(host, number, random.Random(number)))
        for number in range(1, JOBS + 1)
    ]
    killer.start()
    for start in range(0, JOBS, 6):
        for thread in submitters[start : start + 6]:
            thread.start()
        for thread in submitters[start : start + 6]:
            thread.join()
    stop.set()
    killer.join()
    names = [job_name(number) for number in range(1, JOBS + 1)]
    for number in range(1, JOBS + 1):
        host.submit(job(number, SCRIPT))
    wait_until(lambda: all(report.state is RemoteState.ENDED for report in host.poll(*names).jobs.values()))
    reasons = set()
    for name, report in host.poll(*names).jobs.items():
        assert report.exit is not None
        folder = host.folder(name)
        begins, ends = folder / "begins", folder / "ends"
        assert len(begins.read_text().split() if begins.exists() else []) <= 1
        if report.exit.reason is ExitReason.EXITED:
            assert (report.exit.code, ends.read_text()) == (0, "done\n")
        assert host.tree(name) == []
        reasons.add(report.exit.reason)
    assert ExitReason.EXITED in reasons
    assert reasons & {ExitReason.ORPHAN, ExitReason.LOST}
    assert reasons <= {ExitReason.EXITED, ExitReason.ORPHAN, ExitReason.LOST}
