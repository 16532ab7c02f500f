"""The supervisor over real small processes."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from satellite.local.errors import PartFailed
from satellite.local.home import StackHome
from satellite.local.leftovers import record_processes
from satellite.local.postgres import PostgresUnavailable
from satellite.local.process import ProcessSpec
from satellite.local.supervisor import PartState, Supervisor
from tests.fixtures.servers import wait_until
from tests.fixtures.small_disk import mounted_disk

Changes = list[tuple[str, PartState, str]]


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


SLEEP = python("import time; time.sleep(60)")


def is_alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def eventually(condition: Callable[[], object], *, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{condition} not met"
        await asyncio.sleep(0.02)


class Started:
    """A supervisor and what it told."""

    def __init__(self, folder: Path, specs: list[ProcessSpec]) -> None:
        self.changes: Changes = []
        self.listener_error: OSError | None = None
        self.recorder: Callable[[list[int]], None] = lambda _: None
        self.recorded: list[int] = []
        self.supervisor = Supervisor(
            specs,
            log_dir=folder,
            listener=self._listen,
            recorder=self._record,
        )
        self.supervisor.start()

    def _listen(self, spec: ProcessSpec, state: PartState, detail: str) -> None:
        if self.listener_error is not None:
            raise self.listener_error
        self.changes.append((spec.name, state, detail))

    def _record(self, process_ids: list[int]) -> None:
        self.recorder(process_ids)
        self.recorded = process_ids

    def names(self, state: PartState) -> list[str]:
        return [name for name, its_state, _ in self.changes if its_state is state]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Started]]:
    """Starts specs and stops them after the test."""
    all_started: list[Started] = []

    def start(*specs: ProcessSpec) -> Started:
        all_started.append(Started(tmp_path, list(specs)))
        return all_started[-1]

    yield start
    for started in all_started:
        await started.supervisor.stop()


def file_exists(file: Path) -> Callable[[int], Awaitable[bool]]:
    async def probe(_: int) -> bool:
        return file.exists()

    return probe


class TestStart:
    async def test_dependant_starts_only_when_its_dependency_is_ready(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        sign = tmp_path / "sign"
        started = start(
            ProcessSpec(name="late", command=SLEEP, depends_on=("early",)),
            ProcessSpec(name="early", command=SLEEP, probe=file_exists(sign)),
        )
        await eventually(lambda: started.supervisor.process_id("early"))

        assert started.supervisor.process_id("late") is None
        sign.touch()
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        assert started.names(PartState.READY) == ["early", "late"]

    async def test_part_that_ends_before_it_is_ready_fails_the_start_with_its_last_words(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        started = start(
            ProcessSpec(name="good", command=SLEEP),
            ProcessSpec(
                name="bad",
                command=python("print('no such table'); raise SystemExit(3)"),
                probe=file_exists(tmp_path / "x"),
            ),
        )

        with pytest.raises(
            PartFailed, match=r"bad ended with 3, saying 'no such table'; its log is .*bad\.log"
        ):
            await asyncio.wait_for(started.supervisor.wait_ready(), 60)

    async def test_part_that_may_be_started_again_is_ready_at_a_later_start(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        mark = tmp_path / "was here"
        second = python(
            f"import os, time\nif not os.path.exists({str(mark)!r}):\n"
            f"    os.mkdir({str(mark)!r})\n    raise SystemExit(3)\n"
            f"os.mkdir({str(tmp_path / 'ready')!r})\ntime.sleep(60)"
        )
        spec = ProcessSpec(
            name="late",
            command=second,
            starts_max=2,
            restart_delay_s=0.01,
            probe=file_exists(tmp_path / "ready"),
        )
        started = start(spec)

        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        assert started.names(PartState.ENDED) == ["late"]

    async def test_part_that_may_be_started_again_is_given_up_after_its_last_start(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        started = start(
            ProcessSpec(
                name="never",
                command=python("raise SystemExit(4)"),
                starts_max=3,
                restart_delay_s=0.01,
                probe=file_exists(tmp_path / "x"),
            )
        )

        with pytest.raises(PartFailed, match="never ended with 4"):
            await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        assert started.names(PartState.ENDED) == ["never"] * 2

    async def test_silent_part_fails_the_start_at_its_deadline(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        started = start(
            ProcessSpec(name="mute", command=SLEEP, probe=file_exists(tmp_path / "x"), ready_timeout_s=0.3)
        )

        with pytest.raises(PartFailed, match=r"mute was not ready after 0\.3 s"):
            await asyncio.wait_for(started.supervisor.wait_ready(), 60)

    async def test_program_that_does_not_exist_fails_the_start(self, start: Callable[..., Started]) -> None:
        started = start(ProcessSpec(name="absent", command=["/no/such/program"]))

        with pytest.raises(PartFailed, match="absent could not be started: No such file"):
            await asyncio.wait_for(started.supervisor.wait_ready(), 60)

    @pytest.mark.parametrize(
        ("error", "told", "words"),
        [
            (PostgresUnavailable("initdb failed"), PartFailed, "db could not be started: initdb failed"),
            (ZeroDivisionError("a defect"), ZeroDivisionError, "a defect"),
        ],
    )
    async def test_preparation_that_fails_fails_the_start(
        self, start: Callable[..., Started], error: Exception, told: type[Exception], words: str
    ) -> None:
        async def prepare() -> dict[str, str]:
            raise error

        started = start(ProcessSpec(name="db", command=SLEEP, prepare=prepare))

        with pytest.raises(told, match=words):
            await asyncio.wait_for(started.supervisor.wait_ready(), 5)

    async def test_one_off_is_ready_when_it_ended_with_0_and_stays_so(
        self, start: Callable[..., Started]
    ) -> None:
        started = start(
            ProcessSpec(name="once", command=python("pass"), runs_once=True),
            ProcessSpec(name="after", command=SLEEP, depends_on=("once",)),
        )

        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        assert started.names(PartState.ENDED) == []

    async def test_optional_part_that_fails_stops_nothing(self, start: Callable[..., Started]) -> None:
        started = start(
            ProcessSpec(name="nice", command=python("raise SystemExit(1)"), runs_once=True, is_optional=True),
            ProcessSpec(name="needed", command=SLEEP),
        )

        await asyncio.wait_for(started.supervisor.wait_ready(), 60)
        await eventually(lambda: "nice" in started.names(PartState.ENDED))

    async def test_prepared_environment_reaches_the_process_and_output_the_log(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        async def prepare() -> dict[str, str]:
            return {"LATE": "known now"}

        started = start(
            ProcessSpec(
                name="talker",
                command=python("import os; print(os.environ['EARLY'], os.environ['LATE'])"),
                env={"EARLY": "known"},
                prepare=prepare,
                runs_once=True,
            )
        )

        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        assert (tmp_path / "talker.log").read_text() == "known known now\n"

    async def test_log_of_the_earlier_start_is_kept(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        (tmp_path / "talker.log").write_text("before")
        started = start(ProcessSpec(name="talker", command=python("print('now')"), runs_once=True))

        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        assert (tmp_path / "talker.log").read_text() == "now\n"
        assert (tmp_path / "talker.log.1").read_text() == "before"


class TestRestart:
    async def test_killed_process_runs_again_and_is_told_of(self, start: Callable[..., Started]) -> None:
        started = start(ProcessSpec(name="server", command=SLEEP, restart_delay_s=0.05))
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)
        first = started.supervisor.process_id("server")
        assert first is not None

        os.kill(first, signal.SIGKILL)
        await eventually(lambda: started.supervisor.process_id("server") not in {None, first})

        assert (
            "server",
            PartState.ENDED,
            "was killed by signal 9; starts again in 0.05 s",
        ) in started.changes

    async def test_delay_grows_with_each_failure_up_to_its_limit(self, start: Callable[..., Started]) -> None:
        started = start(
            ProcessSpec(
                name="crasher",
                command=python("raise SystemExit(1)"),
                restart_delay_s=0.02,
                restart_delay_max_s=0.08,
            )
        )

        await eventually(lambda: len(started.names(PartState.ENDED)) >= 5)

        delays = [
            detail.rsplit(" in ")[1] for _, state, detail in started.changes if state is PartState.ENDED
        ]
        assert delays[:5] == ["0.02 s", "0.04 s", "0.08 s", "0.08 s", "0.08 s"]

    async def test_dependant_waits_until_its_dependency_is_back(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        sign = tmp_path / "sign"
        sign.touch()
        started = start(
            ProcessSpec(name="base", command=SLEEP, probe=file_exists(sign), restart_delay_s=0.05),
            ProcessSpec(name="top", command=SLEEP, depends_on=("base",), restart_delay_s=0.05),
        )
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)
        base, top = started.supervisor.process_id("base"), started.supervisor.process_id("top")
        assert base is not None
        assert top is not None

        sign.unlink()
        os.kill(base, signal.SIGKILL)
        os.kill(top, signal.SIGKILL)
        await eventually(lambda: started.supervisor.process_id("base") not in {None, base})
        await asyncio.sleep(0.2)

        assert started.supervisor.process_id("top") is None
        sign.touch()
        await eventually(lambda: started.supervisor.process_id("top"))

    async def test_what_restarts_with_another_is_replaced_with_it(
        self, start: Callable[..., Started]
    ) -> None:
        base = ProcessSpec(name="base", command=SLEEP, restart_delay_s=0.1)
        useless = ProcessSpec(
            name="useless", command=SLEEP, depends_on=("base",), restarts_with=("base",), restart_delay_s=0.1
        )
        started = start(base, useless)
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)
        before = started.supervisor.process_id("useless")
        os.kill(started.supervisor.process_id("base") or 0, signal.SIGKILL)
        await eventually(lambda: started.supervisor.process_id("useless") not in {None, before})

    async def test_children_of_a_crashed_process_do_not_outlive_it(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        note = tmp_path / "child"
        code = (
            "import subprocess, time, sys, pathlib\n"
            "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
            f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
            "time.sleep(60)\n"
        )
        started = start(ProcessSpec(name="parent", command=python(code), restart_delay_s=30))
        await eventually(lambda: note.exists() and note.read_text())
        child = int(note.read_text())
        parent = started.supervisor.process_id("parent")
        assert parent is not None

        os.kill(parent, signal.SIGKILL)

        await eventually(lambda: not is_alive(child))


class TestDefects:
    """What goes wrong around a process ends neither the process nor its keeping."""

    async def runs_again(self, started: Started) -> None:
        first = started.supervisor.process_id("server")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: started.supervisor.process_id("server") not in {None, first})
        await eventually(started.supervisor._parts["server"].ready.is_set)

    async def test_a_full_disk_keeps_nothing_from_starting_again(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        with mounted_disk(tmp_path, size_mib=1) as disk:
            started = start(ProcessSpec(name="server", command=SLEEP, restart_delay_s=0.02))
            started.recorder = lambda process_ids: record_processes(StackHome(path=tmp_path), process_ids)
            await asyncio.wait_for(started.supervisor.wait_ready(), 60)
            disk.fill()

            await self.runs_again(started)
            await self.runs_again(started)

            assert "No space left" in str(started.changes)
            disk.empty()
            await self.runs_again(started)
            recorded = json.loads((tmp_path / "processes.json").read_text())
            assert [process_id for process_id, _ in recorded] == [started.supervisor.process_id("server")]

    async def test_a_listener_that_fails_is_told_again(self, start: Callable[..., Started]) -> None:
        started = start(ProcessSpec(name="server", command=SLEEP, restart_delay_s=0.02))
        started.listener_error = OSError(errno.ENOSPC, "No space left on device")
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        await self.runs_again(started)
        started.listener_error = None
        await self.runs_again(started)

        assert PartState.READY in {state for _, state, _ in started.changes}

    @pytest.mark.parametrize("where", ["probe", "prepare"])
    async def test_an_unforeseen_error_is_told_with_its_traceback_and_keeping_goes_on(
        self, start: Callable[..., Started], tmp_path: Path, where: str
    ) -> None:
        calls = itertools.count(1)

        def fail_at_the_second_start() -> bool:
            if next(calls) == 2:
                raise ZeroDivisionError("a defect")
            return True

        async def probe(_: int) -> bool:
            return fail_at_the_second_start()

        async def prepare() -> dict[str, str]:
            fail_at_the_second_start()
            return {}

        more: dict[str, Any] = {"probe": probe} if where == "probe" else {"prepare": prepare}
        started = start(ProcessSpec(name="server", command=SLEEP, restart_delay_s=0.02, **more))
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        first = started.supervisor.process_id("server")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: len(started.names(PartState.READY)) == 2)

        details = [detail for _, state, detail in started.changes if state is PartState.ENDED]
        assert details[1].startswith("could not be kept running: ZeroDivisionError: a defect; starts again")
        assert "Traceback" in (tmp_path / "server.log").read_text()

    async def test_failing_for_days_is_no_defect(self, start: Callable[..., Started]) -> None:
        async def prepare() -> dict[str, str]:
            # Without a process, which would take most of the time.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

        started = start(
            ProcessSpec(
                name="crasher",
                command=SLEEP,
                prepare=prepare,
                is_optional=True,
                restart_delay_s=0.000_1,
                restart_delay_max_s=0.000_1,
            )
        )

        await eventually(lambda: len(started.names(PartState.ENDED)) > 1_100)
        assert {detail.partition(";")[0] for _, _, detail in started.changes} == {
            "could not be started: No such file or directory"
        }


class TestStop:
    async def test_processes_stop_in_the_reverse_of_their_order(self, start: Callable[..., Started]) -> None:
        started = start(*(ProcessSpec(name=name, command=SLEEP) for name in ("first", "second", "third")))
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        await started.supervisor.stop()

        assert started.names(PartState.STOPPED) == ["third", "second", "first"]
        assert not any(is_alive(process_id) for process_id in started.recorded)

    async def test_process_gets_its_own_stop_signal_and_time_to_use_it(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        ready, farewell = tmp_path / "ready", tmp_path / "farewell"
        code = (
            "import signal, time, pathlib, sys\n"
            "def leave(*_):\n"
            "    time.sleep(0.2)\n"
            f"    pathlib.Path({str(farewell)!r}).touch()\n"
            "    sys.exit(0)\n"
            "signal.signal(signal.SIGINT, leave)\n"
            f"pathlib.Path({str(ready)!r}).touch()\n"
            "time.sleep(60)\n"
        )
        started = start(
            ProcessSpec(
                name="polite", command=python(code), probe=file_exists(ready), stop_signal=signal.SIGINT
            )
        )
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        await started.supervisor.stop()

        assert farewell.exists()

    async def test_deaf_process_is_killed_after_its_time(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        ready = tmp_path / "ready"
        code = (
            "import signal, time, pathlib\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"pathlib.Path({str(ready)!r}).touch()\n"
            "time.sleep(60)\n"
        )
        started = start(
            ProcessSpec(name="deaf", command=python(code), probe=file_exists(ready), stop_timeout_s=0.2)
        )
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)
        process_id = started.supervisor.process_id("deaf")
        assert process_id is not None

        await asyncio.wait_for(started.supervisor.stop(), 5)

        assert not is_alive(process_id)

    async def test_neighbours_of_one_group_stop_side_by_side(
        self, start: Callable[..., Started], tmp_path: Path
    ) -> None:
        slow = (
            "import signal, time, sys\n"
            "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(2), sys.exit(0)))\n"
        )
        specs = []
        for number in range(4):
            ready = tmp_path / f"ready{number}"
            code = f"{slow}open({str(ready)!r}, 'w').close()\ntime.sleep(60)\n"
            specs.append(
                ProcessSpec(
                    name=f"w{number}", command=python(code), probe=file_exists(ready), stop_group="workers"
                )
            )
        started = start(*specs)
        await asyncio.wait_for(started.supervisor.wait_ready(), 60)

        began = time.monotonic()
        await started.supervisor.stop()

        # One after the other they would take 8 s.
        assert time.monotonic() - began < 7

    async def test_start_can_be_broken_off(self, start: Callable[..., Started], tmp_path: Path) -> None:
        started = start(ProcessSpec(name="slow", command=SLEEP, probe=file_exists(tmp_path / "never")))
        await eventually(lambda: started.supervisor.process_id("slow"))

        await asyncio.wait_for(started.supervisor.stop(), 5)

        assert not any(is_alive(process_id) for process_id in started.recorded)


class TestDeathOfTheSupervisor:
    def test_kill_leaves_no_child(self, tmp_path: Path) -> None:
        code = (
            "import asyncio, pathlib, sys\n"
            "from satellite.local.process import ProcessSpec\n"
            "from satellite.local.supervisor import Supervisor\n"
            "async def main():\n"
            "    command = [sys.executable, '-S', '-c', 'import time; time.sleep(60)']\n"
            "    specs = [ProcessSpec(name=n, command=command) for n in 'ab']\n"
            f"    supervisor = Supervisor(specs, log_dir=pathlib.Path({str(tmp_path)!r}))\n"
            "    supervisor.start()\n"
            "    await supervisor.wait_ready()\n"
            "    print(supervisor.process_id('a'), supervisor.process_id('b'), flush=True)\n"
            "    await asyncio.sleep(60)\n"
            "asyncio.run(main())\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
            assert supervisor.stdout is not None
            children = [int(word) for word in supervisor.stdout.readline().split()]
            assert len(children) == 2
            assert all(is_alive(child) for child in children)

            supervisor.kill()

        wait_until(lambda: not any(is_alive(child) for child in children))
