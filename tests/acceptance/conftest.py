"""One running platform for all acceptance tests, and not for longer: also at rest it takes processor time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.platform import Platform


@pytest.fixture(scope="package")
def platform() -> Iterator[Platform]:
    """The product, started by its own command on random ports; afterwards nothing of it may be left."""
    home = Path(tempfile.mkdtemp(prefix="satellite-acceptance-"))
    home.chmod(0o755)
    platform = Platform(home)
    try:
        platform.start()
        yield platform
    finally:
        code = platform.stop()
        leftovers = platform.leftover_processes()
        logs = "\n".join(
            f"== {log.name}\n{log.read_text()[-1500:]}" for log in sorted((home / "logs").glob("*.log"))
        )
        shutil.rmtree(home, ignore_errors=True)
    assert code == 0, f"{platform.output}\n{logs}"
    assert leftovers == []


@pytest.fixture
def api(platform: Platform) -> Iterator[httpx.Client]:
    """A logged-in HTTP client of the running platform."""
    with platform.api() as client:
        yield client
