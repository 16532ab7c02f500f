"""One platform in a folder like a fresh checkout, for all documents whose commands are run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.platform import Platform
from tests.plugins.folders import REPOSITORY_ROOT


@pytest.fixture(scope="package")
def checkout() -> Iterator[Path]:
    """A folder with what a reader's checkout has, in which commands may write as they like."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-documents-"))
    folder.chmod(0o755)
    listed = subprocess.run(
        ["git", "ls-files", "plugins", "workflows"],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY_ROOT / name, folder / name)
    # Not the link's target: an environment knows itself by where its interpreter is called.
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def platform(checkout: Path) -> Iterator[Platform]:
    """The platform of a reader: at home in the checkout, with its plugins."""
    platform = Platform(
        checkout / ".satellite", environment={"SATELLITE_WORKER_PLUGIN_DIR": str(checkout / "plugins")}
    )
    try:
        platform.start()
        platform.wait_worker_ready()
        yield platform
    finally:
        platform.stop()
