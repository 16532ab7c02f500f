"""The images of the plugins are built and run in a container like the one that Satellite makes."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import jsonschema_rs
import orjson
import pytest
from docker.errors import DockerException, ImageNotFound

from satellite.local.plugin_images import DIGEST_LABEL, ImageBuildFailed, build_image
from tests.plugins.environment import EXAMPLE_VERSION
from tests.plugins.folders import PLUGIN_FOLDERS, REPOSITORY_ROOT, examples, read_manifest

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    """A Docker engine; without one the test is skipped, or fails where one is required."""
    try:
        client = docker.from_env(timeout=120)
    except DockerException as error:
        if os.environ.get("SATELLITE_REQUIRE_DOCKER") == "1":
            raise
        pytest.skip(f"no Docker engine: {error}")
    yield client
    client.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("folder", PLUGIN_FOLDERS, ids=lambda folder: folder.name)
def test_image_is_built_once_and_answers_in_a_hardened_container(engine: docker.DockerClient, folder: Path):
    image = build_image(folder)
    again = build_image(folder)

    assert again.was_built is False
    assert again.digest == image.digest == engine.images.get(image.name).labels[DIGEST_LABEL]
    manifest = read_manifest(folder)
    # The manifest's own tests ask the plugin over stdin; an argument needs no attached socket here.
    stdout = engine.containers.run(
        image.name,
        [json.dumps(examples(folder)[0])],
        network_mode="none",
        read_only=True,
        tmpfs={"/tmp": "size=64m"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        user="65534:65534",
        # Only plugins that load models look for it.
        environment={"SATELLITE_MODEL_DIR": f"/app/{EXAMPLE_VERSION}"},
        mem_limit=f"{manifest['resources']['memory_mib']}m",
        stderr=False,
        remove=True,
    )
    jsonschema_rs.validator_for(manifest["output_schema"]).validate(orjson.loads(stdout))


@pytest.fixture
def tiny(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Path]:
    """A plugin's folder in a repository of its own, whose images are removed again."""
    yield make_repository(tmp_path, engine) / "plugins/tiny"
    for name in ("satellite-test/tiny:1", "satellite-test-base:1"):
        engine.images.remove(name, force=True)


def test_a_changed_file_is_built_again_and_a_wrong_step_is_told(tiny: Path):
    assert build_image(tiny).was_built
    assert not build_image(tiny).was_built
    (tiny / "main.py").write_text("print(2)\n")
    assert build_image(tiny).was_built

    (tiny / "Dockerfile").write_text("FROM satellite-test-base:1\nCOPY plugins/tiny/absent.py /\n")
    with pytest.raises(ImageBuildFailed, match=r"satellite-test/tiny:1 was not built: .*absent.py"):
        build_image(tiny)


def test_of_two_that_build_at_once_one_does(tiny: Path):
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(build_image, [tiny] * 4))
    assert sorted(image.was_built for image in images) == [False, False, False, True]


def test_a_base_image_that_cannot_be_pulled_is_told_in_one_sentence(
    engine: docker.DockerClient, tmp_path: Path
):
    root = make_repository(tmp_path, engine=None)
    (root / "plugins/tiny/Dockerfile").write_text("FROM localhost:9/satellite/absent:1\n")

    with pytest.raises(ImageBuildFailed, match="base image cannot be pulled") as failed:
        build_image(root / "plugins/tiny")

    assert "\n" not in str(failed.value)
    with pytest.raises(ImageNotFound):
        engine.images.get("satellite-test/tiny:1")


def make_repository(root: Path, engine: docker.DockerClient | None) -> Path:
    """Return a repository with the SDK and one plugin whose base image is empty."""
    sdk = root / "shared/src/satellite"
    shutil.copytree(REPOSITORY_ROOT / "shared/src/satellite/plugin", sdk / "plugin")
    (sdk / "__init__.py").write_text("")
    folder = root / "plugins/tiny"
    folder.mkdir(parents=True)
    (folder / "plugin.json").write_text('{"docker_image": "satellite-test/tiny:1"}')
    (folder / "main.py").write_text("print(1)\n")
    (folder / "Dockerfile").write_text("FROM satellite-test-base:1\nCOPY plugins/tiny/main.py /\n")
    if engine is not None:
        empty = io.BytesIO()
        tarfile.open(fileobj=empty, mode="w").close()
        engine.api.import_image_from_data(empty.getvalue(), repository="satellite-test-base", tag="1")
    return root
