"""One platform for the fault tests of a session: it has to survive all of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.platform import Platform

LOSSES_MAX = 3


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """The product on random ports with the process runtime, whose jobs are cheap enough for hundreds."""
    home = Path(tempfile.mkdtemp(prefix="satellite-faults-"))
    home.chmod(0o755)
    platform = Platform(
        home,
        arguments=("--no-demo", "--runtime", "process", "--slots", "20"),
        environment={
            # More than there are, because these jobs sleep.
            "SATELLITE_WORKER_CPUS": "32",
            # Fewer, because each takes a restart of the executor.
            "SATELLITE_DISPATCH_LOSSES_MAX": str(LOSSES_MAX),
            "SATELLITE_DISPATCH_ALONE_AFTER_LOSSES": str(LOSSES_MAX - 1),
        },
    )
    try:
        platform.start()
        platform.wait_worker_ready()
        yield platform
    finally:
        code = platform.stop()
        leftovers = platform.leftover_processes()
        tail = "\n".join(f"== {log.name}\n{log.read_text()[-1500:]}" for log in (home / "logs").glob("*.log"))
        shutil.rmtree(home, ignore_errors=True)
    assert code == 0, f"{platform.output}\n{tail}"
    assert leftovers == []


@pytest.fixture
def api(platform: Platform) -> Iterator[httpx.Client]:
    """A logged-in HTTP client of the running platform."""
    with platform.api() as client:
        yield client
