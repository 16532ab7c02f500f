"""One job in one process tree: input in, output out, memory watched, nothing left running."""

from __future__ import annotations

import os
import time

from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.process.spare import ProcessSpare
from analysis_server.runtimes.process.tree import ProcessTree
from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.output_watch import OutputWatch
from analysis_server.runtimes.run.outputs import take_outputs
from analysis_server.runtimes.run.pump import Feed, Reader, chunk_reader, pump
from analysis_server.runtimes.run.verdict import Ending, RunClock, conclude
from analysis_server.runtimes.run.watch import RunWatch
from analysis_server.runtimes.secrets.mask import NO_MASK, SecretMask
from satellite.contracts.outcome import StartKind
from satellite.contracts.plugin_manifest import InputVia

SAMPLE_S = 0.1
DRAIN_S = 2.0
"""Longest wait for the end of the output once the plugin has ended and all it started was killed."""


class ProcessRun:
    """Starts a plugin as a process and talks with it until it ends."""

    def __init__(
        self, request: RunRequest, *, listener: RunListener, control: RunControl, mask: SecretMask = NO_MASK
    ) -> None:
        """Take what belongs to the run."""
        self._request = request
        self._control = control
        self._stdout = AnswerBuffer(request.max_result_bytes)
        self._log = LogCapture(listener, max_bytes=request.max_log_bytes)
        self._masked = [mask.stream(self._stdout.write), mask.stream(self._log.write)]
        self._ended_at: float | None = None

    def converse(self, spare: ProcessSpare, *, began: float, start: StartKind) -> RunResult:
        """Talk with the process to its end and return the result; the whole tree has ended by then."""
        started = time.perf_counter()
        try:
            self._control.arm(spare.tree.kill)
            self._pump(spare)
        finally:
            self._control.disarm()
            exit_code = spare.end()
        for stream in self._masked:
            stream.finish()
        result = conclude(
            self._request,
            ending=Ending(exit_code=exit_code),
            reason=self._control.reason,
            stdout=self._stdout,
            log=self._log,
            clock=RunClock(
                prepared_ms=(started - began) * 1000,
                ran_ms=(time.perf_counter() - started) * 1000,
                start=start,
            ),
        )
        return take_outputs(self._request, result, spare.outputs)

    def _pump(self, spare: ProcessSpare) -> None:
        process, tree = spare.started, spare.tree
        outputs = OutputWatch(spare.written, self._request, self._control)
        payload = self._request.input_json if self._request.manifest.input_via is InputVia.STDIN else b""
        exited = os.pidfd_open(process.pid)
        stdout, stderr = self._masked
        readers: dict[int, Reader] = {
            process.stdout.fileno(): chunk_reader(stdout.write),
            process.stderr.fileno(): chunk_reader(stderr.write),
            exited: lambda _: self._note_end(tree),
        }
        watch = RunWatch(
            self._control,
            stdout=self._stdout,
            log=self._log,
            timeout_s=self._request.timeout_s,
            sample=lambda: self._look_at(tree, outputs),
            sample_every_s=SAMPLE_S,
        )
        try:
            pump(
                readers,
                Feed(process.stdin.fileno(), payload, finish=process.stdin.close),
                watch=lambda: self._watch(watch),
            )
        finally:
            os.close(exited)

    def _watch(self, watch: RunWatch) -> float | None:
        if self._ended_at is not None and time.monotonic() - self._ended_at > DRAIN_S:
            return None
        return watch()

    def _note_end(self, tree: ProcessTree) -> bool:
        # What the plugin left running would hold its pipes open for ever.
        tree.kill_rest()
        self._ended_at = time.monotonic()
        return False

    def _look_at(self, tree: ProcessTree, outputs: OutputWatch) -> None:
        outputs.look()
        if tree.rss_bytes() > self._request.manifest.resources.memory_mib * 1024 * 1024:
            self._control.stop(StopReason.OOM)
