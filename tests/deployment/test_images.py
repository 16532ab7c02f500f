"""What the servers' images promise: no rights, nothing written but to volumes, no trace of the build."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.deployment.images import ROOT, VERSION, build, docker, inspect

# The first of them builds the images.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

BASE_MB_MAX = {"satellite/operation-server": 240, "satellite/analysis-server": 600}
"""Beside the base: 230 (20 of them obstore, 20 CEL with its command line, 15 the client of Kafka, 9 traces)
and 585 MB (73 of them Kubernetes' client, 195 the direct lane and its models) on 2026-11-30."""
LOCKED_DOWN = (
    "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none",
    "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
)  # fmt: skip


def test_it_runs_as_a_user_of_its_own_on_a_read_only_root(image: str) -> None:
    program = "import os; print(os.getuid(), os.getgid(), os.access('/opt/satellite', os.W_OK))"

    assert docker(*LOCKED_DOWN, "--entrypoint", "python", image, "-c", program) == "10001 10001 False"


def test_it_says_what_it_is(image: str) -> None:
    config = inspect(image)["Config"]

    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["version"] == VERSION
    assert {"title", "description", "revision"} <= labels.keys()
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Entrypoint"][0] in {"operation-server", "python"}


def test_it_is_no_larger_than_it_must_be(image: str) -> None:
    base_mb, image_mb = (inspect(name)["Size"] / 1e6 for name in ("python:3.11-slim", image))

    assert image_mb - base_mb < BASE_MB_MAX[image.partition(":")[0]]


def test_it_has_all_that_is_locked_and_no_tools_to_build_with(image: str) -> None:
    lock = ROOT / image.removeprefix("satellite/").partition(":")[0] / "requirements.lock"
    program = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
    printed = docker(*LOCKED_DOWN, "--entrypoint", "python", image, "-c", program)
    installed = set(printed.lower().replace("_", "-").split())

    ours = {each for each in installed if each.startswith("satellite")}
    locked = {line.partition(" ")[0] for line in lock.read_text().splitlines() if "==" in line}
    assert installed - ours <= locked
    assert len(ours) == 2
    assert not {each for each in installed if each.startswith(("pip==", "hatchling==", "setuptools=="))}


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("operation-server", "SATELLITE_AUTH_SECRET_KEY: Field required"),
        ("analysis-server", "SATELLITE_WORKER_SLOTS: Input should be greater"),
    ],
)
def test_it_says_in_one_line_which_setting_is_wrong(engine: None, server: str, said: str) -> None:
    command = [*LOCKED_DOWN, "--env", "SATELLITE_WORKER_SLOTS=0", build(server)]
    done = subprocess.run(["docker", *command], capture_output=True, text=True, timeout=120)

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_file_of_a_build_names_where_packages_came_from() -> None:
    for path in (*Path(ROOT).glob("*/Dockerfile"), *Path(ROOT).glob("*/requirements.lock")):
        assert "://" not in path.read_text(), path


def test_an_image_of_plugins_can_be_made(engine: None) -> None:
    worker, image = build("analysis-server"), "satellite/analysis-server-plugins:0.1.0"
    dockerfile = ("-f", "k8s/plugins.Dockerfile", "--build-arg", f"WORKER={worker}")

    docker("build", "--quiet", *dockerfile, "-t", image, "plugins")

    listed = docker("run", "--rm", "--entrypoint", "ls", image, "/opt/plugins/example-processor")
    assert "plugin.json" in listed
