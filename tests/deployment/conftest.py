"""The servers' images, and one deployment of them for all tests of this folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from tests.deployment.compose import Deployment, running_deployment
from tests.deployment.images import SERVERS, build
from tests.deployment.kubernetes import OVERLAYS, Rendered, copy_with_secrets, render


def miss(what: str) -> NoReturn:
    """Skip aloud on a machine that lacks something; in CI fail."""
    if os.environ.get("SATELLITE_REQUIRE_DOCKER") == "1":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def engine() -> None:
    """A container engine that answers."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode != 0:
        miss("a Docker engine")


@pytest.fixture(scope="session", params=SERVERS)
def image(request: pytest.FixtureRequest, engine: None) -> str:
    """The image of a server."""
    return build(request.param)


@pytest.fixture(scope="package")
def deployment(engine: None) -> Iterator[Deployment]:
    """The whole platform as `docker-compose.yml` describes it."""
    if not shutil.which("docker-compose"):
        miss("docker-compose")
    for server in SERVERS:
        build(server)
    with running_deployment() as deployment:
        yield deployment


@pytest.fixture(scope="session")
def kubectl() -> None:
    """A kubectl that can render; Debian's own is too old for that."""
    if not shutil.which("kubectl"):
        miss("kubectl")


@pytest.fixture(scope="session")
def manifests(kubectl: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `k8s/`, with secrets for its overlay `dev`."""
    return copy_with_secrets(tmp_path_factory.mktemp("kubernetes"))


@pytest.fixture(scope="session")
def secrets(manifests: Path) -> Path:
    """The folder of those secrets."""
    return manifests / "k8s/overlays/dev/secrets"


@pytest.fixture(scope="session")
def render_folder(manifests: Path) -> Callable[[str], Rendered]:
    """Renders a folder of the copy, once."""
    return cache(lambda folder: render(manifests / "k8s" / folder))


@pytest.fixture(scope="session", params=["base", *(f"overlays/{name}" for name in OVERLAYS)])
def rendered(request: pytest.FixtureRequest, render_folder: Callable[[str], Rendered]) -> Rendered:
    """What is applied, in all its variants."""
    return render_folder(request.param)


@pytest.fixture(scope="session")
def base(render_folder: Callable[[str], Rendered]) -> Rendered:
    return render_folder("base")


@pytest.fixture(scope="session")
def dev(render_folder: Callable[[str], Rendered]) -> Rendered:
    return render_folder("overlays/dev")


@pytest.fixture(scope="session")
def pods(render_folder: Callable[[str], Rendered]) -> Rendered:
    return render_folder("overlays/pods")


@pytest.fixture(scope="session")
def keda(render_folder: Callable[[str], Rendered]) -> Rendered:
    return render_folder("overlays/keda")


@pytest.fixture(scope="session")
def rabbitmq(render_folder: Callable[[str], Rendered]) -> Rendered:
    return render_folder("overlays/rabbitmq")


@pytest.fixture(scope="session")
def external(render_folder: Callable[[str], Rendered]) -> Rendered:
    """The example of where secrets come from; a component of resources only renders by itself."""
    return render_folder("components/external-secrets")
