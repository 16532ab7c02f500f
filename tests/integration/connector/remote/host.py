"""A host of a cluster: the packed file, run by Python as real processes over a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from analysis_server.connector import agent_messages as wire
from analysis_server.connector import remote_file
from analysis_server.connector.remote import process_tree

WAIT_S = 60
"""A deadline that only a hang would meet."""
UID = "abcdef01-0000-4000-8000-000000000000"


class Host:
    """Runs commands of the file as an SSH session would, and ends all that is left of its jobs."""

    def __init__(self, folder: Path) -> None:
        content, sha256 = remote_file.build()
        self.agent = folder / remote_file.file_name(sha256)
        self.agent.write_bytes(content)
        self.base = folder / "jobs"
        self.bin = folder / "bin"
        self.bin.mkdir()
        # All of it can be tried in a Python as old as clusters have.
        self.python = os.environ.get("SATELLITE_TEST_REMOTE_PYTHON", sys.executable)
        self.variables: dict[str, str] = {}

    def command(self, *arguments: str) -> list[str]:
        return [self.python, str(self.agent), "--base", str(self.base), *arguments]

    def environment(self) -> dict[str, str]:
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PATH": path} | self.variables

    def start(self, *arguments: str, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*prefix, *self.command(*arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(),
        )

    def ask(self, command: str, body: Any = None, *, prefix: Sequence[str] = ()) -> dict[str, Any]:
        """Return what a command answers, be it a refusal."""
        out, err = self.start(command, prefix=prefix).communicate(
            json.dumps(body or {}).encode(), timeout=WAIT_S
        )
        assert out, err.decode()
        return json.loads(out)

    def submit(self, request: wire.SubmitRequest) -> wire.SubmitState:
        answer = self.ask("submit", request.model_dump(mode="json"))
        return wire.SubmitAnswer.model_validate(answer).state

    def poll(self, *names: str, prefix: Sequence[str] = ()) -> wire.PollAnswer:
        request = wire.PollRequest(jobs={name: wire.AskedJob() for name in names})
        return wire.PollAnswer.model_validate(
            self.ask("poll", request.model_dump(mode="json"), prefix=prefix)
        )

    def report(self, name: str) -> wire.JobReport:
        return self.poll(name).jobs[name]

    def cancel(self, name: str, *, wait_s: int = 30) -> wire.RemoteState:
        answer = self.ask("cancel", wire.CancelRequest(name=name, wait_s=wait_s).model_dump())
        return wire.StateAnswer.model_validate(answer).state

    def bury(self, name: str) -> wire.RemoteState:
        return wire.StateAnswer.model_validate(self.ask("bury", {"name": name})).state

    def wait_state(self, name: str, *states: wire.RemoteState) -> wire.JobReport:
        reports: list[wire.JobReport] = []

        def is_there() -> bool:
            reports.append(self.report(name))
            return reports[-1].state in states

        wait_until(is_there, what=lambda: f"{name} is {states}, not {reports[-1]}")
        return reports[-1]

    def wait_end(self, name: str) -> wire.ExitRecord:
        ending = self.wait_state(name, wire.RemoteState.ENDED).exit
        assert ending is not None
        return ending

    def folder(self, name: str) -> Path:
        return self.base / name

    def owner(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder(name) / ".satellite/begin/owner.json").read_text())

    def tree(self, name: str) -> list[int]:
        """Return the processes of a job, without its supervisor."""
        owner = self.owner(name)
        members = process_tree.Tree(owner["mark"], tuple(owner["tree"])).members()
        return [pid for pid in members if pid != owner["pid"]]

    def kill_supervisor(self, name: str) -> None:
        owner = self.owner(name)
        os.kill(owner["pid"], signal.SIGKILL)
        wait_until(lambda: not process_tree.is_alive(owner["pid"]))

    def program(self, name: str, text: str) -> Path:
        """Put a program of a few lines into the path of all that runs on this host."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def end_all(self) -> None:
        """End all that is left, whatever a test did to it."""
        for path in self.base.glob("*/.satellite/begin/owner.json"):
            owner = json.loads(path.read_text())
            if owner["by"] == "supervisor":
                if process_tree.this_host.same_process(owner["pid"], owner["start_time"]):
                    os.kill(owner["pid"], signal.SIGKILL)
                process_tree.end(process_tree.Tree(owner["mark"], None).members, grace_s=0, kill_s=WAIT_S)


def job_name(number: int, attempt: int = 1) -> str:
    """Return the folder of an attempt."""
    return f"{number}-{attempt}-{UID[:8]}"


def job(number: int = 1, *command: str, attempt: int = 1, **fields: Any) -> wire.SubmitRequest:
    """Return a submission; a single argument is a script for `sh`."""
    words = command if len(command) > 1 else ("sh", "-c", *(command or ("true",)))
    return wire.SubmitRequest(
        name=job_name(number, attempt),
        key=wire.SubmittedKey(job_id=number, attempt=attempt, uid=UID),
        command=words,
        **fields,
    )


def wait_until(is_true: Callable[[], bool], *, what: Callable[[], str] = lambda: "it") -> None:
    """Poll until something is so."""
    until = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < until, what()
        time.sleep(0.05)


@contextlib.contextmanager
def another_boot(folder: Path) -> Iterator[list[str]]:
    """Give what to put before a command that shall see this host as started anew."""
    other = folder / "boot_id"
    other.write_text("00000000-1111-4222-8333-444444444444\n")
    script = f'mount --bind {shlex.quote(str(other))} /proc/sys/kernel/random/boot_id && exec "$@"'
    yield ["unshare", "--mount", "sh", "-c", script, "sh"]
