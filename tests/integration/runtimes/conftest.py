"""Images that are made for one test session, and removed after it."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.worker_variables import WorkerVariables
from tests.contract.runtimes.bench import FILES, STACK, Bench
from tests.contract.runtimes.conftest import PLUGIN, plugin_image

__all__ = ["plugin_image"]

ImageMaker = Callable[..., str]
"""Takes lines of a Dockerfile, and files for its context; returns the name of the image."""


@pytest.fixture(scope="session")
def make_image(plugin_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageMaker]:
    """Return what makes an image, by default one that holds the plugin of the contract tests."""
    made: list[str] = []

    def make(*lines: str, base: str = plugin_image, files: dict[str, bytes] | None = None) -> str:
        context = tmp_path_factory.mktemp("image")
        for name, content in (files or {}).items():
            (context / name).write_bytes(content)
            (context / name).chmod(0o755)
        (context / "Dockerfile").write_text("\n".join((f"FROM {base}", *lines)) + "\n")
        name = f"satellite-test/runtimes:{uuid.uuid4().hex[:12]}"
        subprocess.run(
            ["docker", "build", "--quiet", "-t", name, str(context)],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        made.append(name)
        return name

    yield make
    for name in made:
        subprocess.run(["docker", "rmi", "--force", name], check=True, capture_output=True, timeout=60)


@pytest.fixture
def bench(plugin_image: str, tmp_path: Path) -> Iterator[Bench]:
    """Return a bench on the container runtime."""
    runtime = ContainerRuntime(stack_id=STACK, files_dir=FILES, variables=WorkerVariables.read())
    bench = Bench(runtime, plugin_dir=tmp_path, source=PLUGIN)
    yield bench
    bench.assert_nothing_left()
