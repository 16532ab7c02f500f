"""Supervises one job from its beginning to its record, alone: whoever started it may be gone."""

import contextlib
import ctypes
import os
import time
import traceback
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import (
    card_grant,
    claim,
    detaching,
    ending,
    environment,
    inside,
    job_process,
    locks,
    process_tree,
    records,
    run_script,
    setup,
    this_host,
)
from analysis_server.connector.remote.errors import Ended, Refused
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.memory_limit import MemoryLimit
from analysis_server.connector.remote.progress import Progress
from analysis_server.connector.remote.vigil import Vigil

PR_SET_CHILD_SUBREAPER = 36
LOCK_WAIT_S = 5.0
KILL_WITHIN_S = 30.0
REST_GRACE_S = 1.0
MARK_BITS = 62


def supervise(base: str, name: str, *, foreground: bool) -> None:
    """Run a claimed job, unless another supervisor has begun or it was decided that it never will."""
    job = JobFolder(base, name)
    request = claim.read_request(job)
    if request is None:
        raise Refused("not_found", f"There is no claim of {name}.")
    begun = None if foreground else detaching.detach()
    alive = locks.take(os.path.join(locks.job_locks(base), name + ".alive"), wait_s=LOCK_WAIT_S)
    if alive is None:
        return
    supervision = Supervision(job, request)
    if supervision.begin(alive):
        if begun is not None:
            begun()
        supervision.run()


class Supervision:
    """One job that is under way."""

    def __init__(self, job: JobFolder, request: Dict[str, Any]) -> None:
        """Take what was claimed."""
        self._job = job
        self._request = request
        self._mark = int.from_bytes(os.urandom(8), "big") >> 2 | 1 << MARK_BITS
        self._facts: Dict[str, Any] = {}

    def begin(self, alive: locks.Held) -> bool:
        """Decide that the job begins; False if that was decided already, one way or the other."""
        tree = locks.take(
            os.path.join(locks.job_locks(self._job.base), self._job.name + ".tree"), wait_s=LOCK_WAIT_S
        )
        if tree is None or not claim.begin(self._job, by="supervisor", **self._owner(alive, tree)):
            return False
        self._alive, self._tree = alive, tree
        return not os.path.exists(self._job.tomb)

    def run(self) -> None:
        """Do all there is to do, and record how it ended."""
        _adopt_orphans()
        self._progress = Progress(self._job)
        self._vigil = Vigil(self._job, self._progress)
        self._vigil.held += [self._alive.fd, self._tree.fd]
        self._processes = job_process.JobProcesses(self._mark, [self._tree.fd])
        try:
            result = self._work()
        except Ended as early:
            result = {"reason": early.reason, "message": early.message}
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must have a record
            traceback.print_exc()
            result = {"reason": "disk" if records.is_full(error) else "lost", "message": repr(error)}
        self._end(result)

    def _work(self) -> Dict[str, Any]:
        self._progress.enter("preparing")
        os.makedirs(self._job.checkpoints, exist_ok=True)
        python = setup.prepare(self._job, self._request, self._vigil, self._processes, self._facts)
        self._progress.enter("waiting", **self._facts)
        cards = card_grant.wait_for_cards(self._job, self._request, self._vigil)
        self._processes.also_hold(cards.fds)
        self._vigil.held += cards.fds
        self._vigil.memory = MemoryLimit(self._job.name, self._request["memory_mib"])
        group = self._vigil.memory.group
        self._progress.enter("running", gpus=cards.shown, began_at=time.time(), memory_group=group)
        return self._run_command(cards.visible, python)

    def _run_command(self, cards: Optional[List[str]], python: Optional[str]) -> Dict[str, Any]:
        job, request = self._job, self._request
        ours = environment.job_variables(job, request, cards=cards)
        run_script.write(job, request, ours, job.part("code"))
        variables = environment.with_python(dict(environment.inherited(), **ours), python)
        _write_start_time(job)
        try:
            pid = self._start(environment.with_secrets(job, variables))
        except OSError as error:
            return {"reason": "exited", "code": 127, "message": f"The command cannot be started: {error}."}
        limit = request["time_limit_s"]
        self._vigil.limit(limit, f"The job took longer than its limit of {limit} s.")
        return self._judged(job_process.exit_facts(self._vigil.wait(pid)))

    def _start(self, variables: Dict[str, str]) -> int:
        job, request = self._job, self._request
        with contextlib.ExitStack() as files:

            def opened(path: str, flags: int) -> int:
                fd = inside.open_inside(job.path, path, flags) if path else os.open(os.devnull, flags)
                files.callback(os.close, fd)
                return fd

            appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            log = opened("logs/training.log", appending)
            out = (
                opened(request["stdout_path"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                if request["stdout_path"]
                else log
            )
            return self._processes.start(
                request["command"],
                variables=variables,
                folder=job.part("code"),
                stdin=opened(request["stdin_path"] or "", os.O_RDONLY),
                stdout=out,
                stderr=log,
                memory=self._vigil.memory,
            )

    def _judged(self, facts: Dict[str, Any]) -> Dict[str, Any]:
        limit = self._request["memory_mib"]
        if self._vigil.memory.has_killed(facts["signal"]):
            return dict(
                facts,
                reason="oom",
                message=f"The kernel ended the job for memory; its limit is {limit} MiB.",
            )
        if facts["code"] != 0 and ending.disk_is_full(self._job):
            return dict(facts, reason="disk", message="The disk or the quota was full when the job ended.")
        return dict(facts, reason="exited", message="")

    def _end(self, result: Dict[str, Any]) -> None:
        grace = (
            REST_GRACE_S if result["reason"] in ("exited", "oom", "disk") else self._request["kill_grace_s"]
        )
        self._kill_tree(grace)
        self._vigil.memory.close()
        ending.clean_up(self._job, self._vigil.beat)
        result = dict(result, max_rss_mib=self._vigil.usage_max_mib, **self._facts)
        self._record(result)
        written = ending.read_exit(self._job)
        if written is not None:
            ending.write_markers(self._job, written)

    def _record(self, result: Dict[str, Any]) -> None:
        """Write the record; a file system that is away is waited for, as the tree is gone anyway."""
        while True:
            try:
                ending.record_exit(self._job, **result)
            except OSError:
                traceback.print_exc()
                if not os.path.isdir(self._job.truth):
                    return
                time.sleep(LOCK_WAIT_S)
            else:
                return

    def _kill_tree(self, grace_s: float) -> None:
        tree = process_tree.Tree(self._mark, None)

        def members() -> List[int]:
            return self._vigil.members()

        process_tree.end(members, grace_s=grace_s, kill_s=KILL_WITHIN_S, reap=self._vigil.reap)
        # What is no descendant of ours any more still has the mark.
        process_tree.end(tree.members, grace_s=0, kill_s=KILL_WITHIN_S, reap=self._vigil.reap)

    def _owner(self, alive: locks.Held, tree: locks.Held) -> Dict[str, Any]:
        return {
            "pid": os.getpid(),
            "start_time": this_host.own_start_time(),
            "mark": self._mark,
            "locks": locks.job_locks(self._job.base),
            "alive": locks.identity(alive.fd),
            "tree": locks.identity(tree.fd),
            "began_at": time.time(),
            "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        }


def _adopt_orphans() -> None:
    """Become the parent of whatever below loses its own; where that is not possible the mark finds it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _write_start_time(job: JobFolder) -> None:
    with contextlib.suppress(OSError):
        fd = inside.open_inside(job.path, "logs/start_time.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(fd, "w") as file:
            file.write("Job started at {}\n".format(time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime())))
