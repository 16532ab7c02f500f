"""Runs a platform under load and faults, then counts."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from satellite.local.home import StackHome
from satellite.local.runtime import RuntimeOption, decide_runtime
from tests.acceptance.platform import Platform
from tests.chaos.counting import count, settle
from tests.chaos.faults import DISK_FULL
from tests.chaos.load import Load
from tests.chaos.marks import ContainerMarks, MarkFiles, Marks
from tests.chaos.plan import Plan
from tests.chaos.plugins import write_plugins
from tests.chaos.record import Record
from tests.chaos.runs import RunLoad
from tests.chaos.strikes import strike_under_load
from tests.chaos.tally import Tally
from tests.chaos.work import KINDS

MARKS_PARENT = Path("/var/lib") if os.geteuid() == 0 else Path.home()
"""Where a plugin that runs as a process sees what others see: /tmp and its like are each run's own."""


def run(plan: Plan) -> Tally:
    """Start a stack, strike it under load as planned, and count what came of the jobs."""
    tally = Tally(seed=plan.seed)
    began = time.monotonic()
    with (
        temporary_folder() as folder,
        temporary_folder(MARKS_PARENT) as marked,
        small_disk(folder / "home" / "workers") as has_disk,
    ):
        if not has_disk:
            tally.left_out = [fault for fault in plan.faults if fault == DISK_FULL]
        possible = [fault for fault in plan.faults if fault not in tally.left_out]
        platform, marks = prepare(folder, plan, marked=marked)
        drive(platform, marks, tally, dataclasses.replace(plan, faults=possible))
    tally.duration_s = time.monotonic() - began
    return tally


def prepare(folder: Path, plan: Plan, *, marked: Path) -> tuple[Platform, Marks]:
    """Return a platform whose plugins leave marks in `marked` or at the engine, and these marks."""
    home = folder / "home"
    marks: Marks
    if decide_runtime(RuntimeOption(plan.runtime)).runtime is RuntimeOption.PROCESS:
        marks = MarkFiles(marked)
        plugins = write_plugins(folder, marks=marks.folder)
    else:
        marks = ContainerMarks(StackHome(path=home).stack_id)
        plugins = write_plugins(folder, marks=None)
    platform = Platform(
        home,
        arguments=("--no-demo", "--runtime", plan.runtime, "--slots", str(plan.slots)),
        # More processors than there are, because these jobs sleep.
        environment={"SATELLITE_WORKER_CPUS": "32", "SATELLITE_WORKER_PLUGIN_DIR": str(plugins)},
    )
    return platform, marks


def drive(platform: Platform, marks: Marks, tally: Tally, plan: Plan) -> None:
    """Run load and faults on a platform that is started and stopped here."""
    began = time.monotonic()
    try:
        platform.start()
        platform.wait_worker_ready()
        tally.start_s = time.monotonic() - began
        kinds = [kind for kind in KINDS if isinstance(marks, MarkFiles) or not kind.needs_marks]
        load = Load(platform, kinds=kinds, slots=plan.slots, seed=plan.seed)
        runs = RunLoad(platform, seed=plan.seed)
        load.start()
        runs.start()
        for strike in strike_under_load(platform, load, plan):
            tally.strikes.append(strike)
            print(strike, f"{len(load.submissions)} jobs submitted", flush=True)
        load.stop()
        runs.stop()
        settle(Record(platform))
        count(platform, load, runs, marks, tally)
    except BaseException:
        tell_what_was_said(platform)
        raise
    finally:
        platform.stop()


def tell_what_was_said(platform: Platform) -> None:
    """Print the end of all that the platform has said, before it is gone."""
    print(platform.output[-3000:])
    for log in sorted((platform.home / "logs").glob("*.log")):
        print(f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that also the account of the database server can look into."""
    with tempfile.TemporaryDirectory(
        prefix="satellite-chaos-", dir=parent, ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Put a file system of its own under a folder, so that it may be filled; tells whether it has one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(folder)]
    is_mounted = subprocess.run(mount, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
