"""What an image brings along opens nothing; `test_image_configuration.py` has what it says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis_server.runtimes.plugin_users import CONTAINER_USERS
from satellite.contracts.outcome import ErrorKind
from tests.integration.runtimes.conftest import ImageMaker
from tests.integration.runtimes.hostile.conftest import Intruder

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("descriptor", [3, 7, 8, 9])
def test_a_working_directory_among_the_engines_descriptors(
    intruder: Intruder, make_image: ImageMaker, descriptor: int
) -> None:
    """CVE-2024-21626: runc left a folder of the machine open at such a number."""
    image = make_image(f"WORKDIR /proc/self/fd/{descriptor}", base=intruder.image)
    result = intruder.attempt("exists", "../../../etc/hostname", docker_image=image, timeout_s=5)
    assert result.error is not None
    assert result.error.kind is ErrorKind.IMAGE


@pytest.mark.parametrize(
    "line",
    [
        "RUN rm -rf /tmp && ln -s /etc /tmp",
        "RUN rm -rf /tmp && ln -s /proc/self/fd /tmp",
        "RUN rm -rf /var/tmp && ln -s /tmp /var/tmp",
    ],
)
def test_places_that_are_links_lead_nowhere(intruder: Intruder, make_image: ImageMaker, line: str) -> None:
    image = make_image(line, base=intruder.image)
    result = intruder.bench.run(
        {
            "tries": {
                "write": ["write", "/tmp/x", "y"],
                "etc": ["exists", "/etc/x"],
                "marker": ["read", "/etc/marker"],
            }
        },
        manifest=intruder.manifest(docker_image=image),
    )
    if result.error is None:
        told = json.loads(result.result_json or b"")["answer"]
        assert told["marker"] in ({"done": "of-the-image\n"}, {"refused": "ENOENT"})
    assert not Path("/etc/x").exists()


def test_its_lists_of_users_give_no_groups(intruder: Intruder, make_image: ImageMaker) -> None:
    users = "".join(f"u{n}:x:{n}:0::/:/bin/sh\n" for n in CONTAINER_USERS)
    groups = "root:x:0:" + ",".join(f"u{n}" for n in CONTAINER_USERS) + "\n"
    image = make_image(
        "COPY passwd group /etc/",
        base=intruder.image,
        files={"passwd": users.encode(), "group": groups.encode()},
    )
    [user] = set(intruder.outcome("user", docker_image=image)["done"])
    assert user in CONTAINER_USERS


def test_a_library_that_it_loads_everywhere_is_loaded_inside(
    intruder: Intruder, make_image: ImageMaker
) -> None:
    image = make_image("ENV LD_PRELOAD=/tmp/evil.so PYTHONPATH=/tmp", base=intruder.image)
    assert intruder.outcome("user", docker_image=image)["done"]
