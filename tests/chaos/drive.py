"""Runs a platform under load and faults, then counts."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from satellite.local.home import StackHome
from tests.acceptance.platform import Platform
from tests.chaos.counting import count, settle
from tests.chaos.faults import DISK_FULL
from tests.chaos.load import SLOTS, Load
from tests.chaos.marks import ContainerMarks, MarkFiles, Marks
from tests.chaos.plugins import write_plugins
from tests.chaos.record import Record
from tests.chaos.strikes import strike_under_load
from tests.chaos.tally import Tally
from tests.chaos.work import KINDS


def run(*, jobs: int, seed: int, runtime: str, pause_s: float, faults: Sequence[str]) -> Tally:
    """Start a stack, strike it under load until enough jobs are submitted, and count what came of them."""
    tally = Tally(seed=seed)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="satellite-chaos-", ignore_cleanup_errors=True)
            )
        )
        # The database server runs under another account.
        folder.chmod(0o755)
        if not stack.enter_context(small_disk(folder / "home" / "workers")):
            tally.left_out = [DISK_FULL]
        platform, marks = prepare(folder, runtime=runtime)
        possible = [fault for fault in faults if fault not in tally.left_out]
        drive(platform, marks, tally, jobs=jobs, pause_s=pause_s, faults=possible)
    tally.duration_s = time.monotonic() - began
    return tally


def prepare(folder: Path, *, runtime: str) -> tuple[Platform, Marks]:
    """Return a platform whose plugins leave marks beside its home, and these marks."""
    home = folder / "home"
    in_files = runtime == "process"
    marks = MarkFiles(folder / "marks") if in_files else ContainerMarks(StackHome(path=home).stack_id)
    plugins = write_plugins(folder, marks=folder / "marks" if in_files else None)
    platform = Platform(
        home,
        arguments=("--no-demo", "--runtime", runtime, "--slots", str(SLOTS)),
        # More processors than there are, because these jobs sleep.
        environment={"SATELLITE_WORKER_CPUS": "32", "SATELLITE_WORKER_PLUGIN_DIR": str(plugins)},
    )
    return platform, marks


def drive(
    platform: Platform, marks: Marks, tally: Tally, *, jobs: int, pause_s: float, faults: Sequence[str]
) -> None:
    """Run load and faults on a platform that is started and stopped here."""
    try:
        platform.start()
        platform.wait_worker_ready()
        kinds = [kind for kind in KINDS if isinstance(marks, MarkFiles) or not kind.needs_marks]
        load = Load(platform, kinds=kinds, seed=tally.seed)
        load.start()
        for strike in strike_under_load(platform, load, faults=faults, jobs=jobs, pause_s=pause_s):
            tally.strikes.append(strike)
            print(f"{strike.at:%H:%M:%S} {strike.fault}: {strike.queued} queued, {strike.running} running, "
                  f"{strike.recovery_s:.1f} s; {len(load.submissions)} submitted", flush=True)  # fmt: skip
        load.stop()
        settle(Record(platform))
        count(platform, load, marks, tally)
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
