"""Nothing that an image says of itself opens the container template, see ADR 0019."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from analysis_server.runtimes.plugin_users import CONTAINER_USERS
from analysis_server.runtimes.port import RunRequest, RunStatus
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import Bench, Ear, containers
from tests.fixtures.servers import wait_until
from tests.integration.runtimes.conftest import ImageMaker

pytestmark = pytest.mark.docker


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()  # fmt: skip


@pytest.fixture(autouse=True)
def no_new_volumes() -> Iterator[None]:
    before = set(docker("volume", "ls", "-q").split())
    yield
    # Other engines' users make volumes too, but none without a name that nothing uses.
    dangling = set(docker("volume", "ls", "-q", "--filter", "dangling=true").split())
    assert not dangling - before


def answer(bench: Bench, manifest: PluginManifest, job: dict[str, Any]) -> Any:
    result = bench.run(job, manifest=manifest)
    assert result.status is RunStatus.COMPLETED, result.error
    return json.loads(result.result_json or b"")["answer"]


def shell(bench: Bench, image: str, script: str, **changes: Any) -> str:
    """Run a script in the image as a plugin, and return its output."""
    manifest = bench.manifest(docker_image=image, **changes)
    return str(answer(bench, manifest, {"how": "shell", "script": script}))


def running_container(bench: Bench, request: RunRequest) -> dict[str, Any]:
    """Start a run that does not end, and return what the engine says of its container."""
    ear = Ear()
    bench.start(request, ear)
    assert ear.heard.wait(30)
    found: list[dict[str, Any]] = json.loads(docker("inspect", *containers()))
    [container] = (each for each in found if each["Config"]["Labels"]["satellite.job"] == str(request.job_id))
    return container


def test_its_volumes_are_small_and_in_memory(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image(
        "RUN mkdir /data /models && echo weights > /models/weights",
        'VOLUME ["/data", "/data/", "/models", "/a space", "/tmp", "/dev/shm"]',
    )
    told = shell(
        bench, image,
        "for place in /data /models '/a space' /tmp /dev/shm; do"
        '  echo mine > "$place/file" && dd if=/dev/zero of="$place/large" bs=1M count=60 2>&1 | tail -1;'
        '  rm "$place/large"; done; cat /proc/mounts; ls /models',
        resources={"memory_mib": 256, "tmp_mib": 32, "shm_mib": 16},
    )  # fmt: skip
    for place, size_kib in (("/data", 32768), ("/models", 32768), ("/a\\040space", 32768), ("/tmp", 32768),
                            ("/dev/shm", 16384)):  # fmt: skip
        assert f"tmpfs {place} tmpfs rw,nosuid,nodev,noexec" in told
        [mount] = (line for line in told.splitlines() if line.startswith(f"tmpfs {place} "))
        assert f"size={size_kib}k" in mount
    assert "60 MiB" not in told
    assert "weights" not in told


def test_what_is_written_to_its_volumes_counts_as_memory(bench: Bench, make_image: ImageMaker) -> None:
    manifest = bench.manifest(
        docker_image=make_image("VOLUME /one /two"), resources={"memory_mib": 128, "tmp_mib": 100}
    )
    script = "for place in one two; do dd if=/dev/zero of=/$place/large bs=1M count=90; done"
    error = bench.run({"how": "shell", "script": script}, manifest=manifest).error
    assert error is not None
    assert error.kind is ErrorKind.OOM


def test_a_failed_start_leaves_no_volume(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image("VOLUME /data /proc/satellite")
    error = bench.run({"how": "echo"}, manifest=bench.manifest(docker_image=image)).error
    assert error is not None
    assert error.kind is ErrorKind.IMAGE
    wait_until(lambda: not containers())


def test_its_user_and_what_is_setuid_give_no_rights(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image(
        "RUN cp /bin/bash /setuid && chmod 4755 /setuid",
        "RUN mknod -m 666 /disk b 254 0 && mknod -m 666 /mem c 1 1",
        "USER 0:0",
    )
    told = shell(
        bench, image,
        "id; /setuid -p -c id; grep Cap /proc/self/status; cat /disk >/dev/null; cat /mem >/dev/null; true",
    )  # fmt: skip
    first, second = (re.match(r"uid=(\d+) gid=\1 groups=\1$", line) for line in told.splitlines()[:2])
    assert first is not None
    assert second is not None
    assert int(first[1]) == int(second[1]) in CONTAINER_USERS
    assert "euid" not in told
    assert told.count("0000000000000000") == 5
    assert told.count("Operation not permitted") == 2


def test_its_variables_hold_but_open_no_cards(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image(
        "ENV HOME=/opt/home TMPDIR=/opt/tmp HF_HOME=/opt/hub NVIDIA_VISIBLE_DEVICES=all "
        "LD_PRELOAD=/nowhere/evil.so PATH=/opt/tools:$PATH",
        "RUN mkdir -p /opt/home && echo cached > /opt/home/cache",
    )
    env = {"NVIDIA_VISIBLE_DEVICES": "all"}
    told = shell(bench, image, "env; cat $HOME/cache", env=env).splitlines()
    assert {"HOME=/opt/home", "TMPDIR=/opt/tmp", "HF_HOME=/opt/hub", "cached"} <= set(told)
    assert "NVIDIA_VISIBLE_DEVICES=void" in told


def test_a_home_that_only_root_can_read_is_not_used(bench: Bench, make_image: ImageMaker) -> None:
    told = shell(bench, make_image("ENV HOME=/root"), "echo $HOME; touch $HOME/file && echo written")
    assert told.splitlines() == ["/tmp", "written"]


def test_its_command_runs_inside_and_the_manifests_replaces_all_of_it(
    bench: Bench, make_image: ImageMaker
) -> None:
    image = make_image(
        'SHELL ["/bin/bash", "-c"]', 'ENTRYPOINT ["python", "main.py"]', 'CMD ["{\\"how\\": \\"echo\\"}"]'
    )
    assert answer(bench, bench.manifest(docker_image=image), {"how": "not read"}) is None
    manifest = bench.manifest(docker_image=image, command=["python", "unread.py"])
    assert answer(bench, manifest, {}) == "not read"


def test_its_working_directory_is_made_but_cannot_be_written(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image('ENTRYPOINT ["python", "/app/main.py"]', "WORKDIR /not/there")
    assert shell(bench, image, "pwd; touch file 2>&1 || true").splitlines() == [
        "/not/there",
        "touch: cannot touch 'file': Read-only file system",
    ]


def test_its_health_check_ports_and_triggers_do_nothing(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image(
        "EXPOSE 80 443/udp",
        "HEALTHCHECK --interval=1s CMD touch /tmp/checked",
        "ONBUILD RUN exit 1",
        "STOPSIGNAL SIGUSR1",
    )
    request = bench.request({"how": "loop"}, manifest=bench.manifest(docker_image=image), timeout_s=60)
    container = running_container(bench, request)
    assert container["Config"]["Healthcheck"]["Test"] == ["NONE"]
    assert "Health" not in container["State"]
    assert not container["NetworkSettings"]["Ports"]
    assert container["HostConfig"]["NetworkMode"] == "none"
    began = time.monotonic()
    assert bench.runtime.cancel(request.key)
    wait_until(lambda: not containers())
    assert time.monotonic() - began < 8


def test_its_labels_do_not_pass_for_ours(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image(
        "LABEL satellite.stack=other satellite.worker=other satellite.owner=other/1/1 satellite.role=job"
        " satellite.job=soon satellite.attempt=never satellite.deadline=1 satellite.extra=kept"
    )
    request = bench.request({"how": "loop"}, manifest=bench.manifest(docker_image=image), timeout_s=60)
    labels = running_container(bench, request)["Config"]["Labels"]
    assert labels["satellite.extra"] == "kept"
    assert labels["satellite.stack"] == request.stack_id
    assert labels["satellite.job"] == str(request.job_id)
    server = bench.server(docker_image=image)
    assert bench.run({"how": "echo"}, manifest=server).status is RunStatus.COMPLETED
    assert bench.runtime.sweep(set()) == 0
    assert bench.run({"how": "echo"}, manifest=server).start == "warm"
    assert bench.runtime.cancel(request.key)


def test_a_foreign_container_with_odd_labels_does_not_stop_the_sweep(
    bench: Bench, make_image: ImageMaker
) -> None:
    stack = bench.request({}).stack_id
    odd = docker(
        "create", "--label", f"satellite.stack={stack}", "--label", "satellite.role=job",
        "--label", "satellite.job=soon", "--label", "satellite.deadline=never", make_image(), "true",
    )  # fmt: skip
    try:
        assert bench.runtime.sweep(set()) == 0
        assert docker("inspect", "--format", "{{.State.Status}}", odd) == "created"
    finally:
        docker("rm", "--force", odd)


def test_a_name_that_moves_cannot_change_what_was_read_of_the_image(
    bench: Bench, make_image: ImageMaker
) -> None:
    image = make_image()
    request = bench.request({"how": "loop"}, manifest=bench.manifest(docker_image=image), timeout_s=60)
    container = running_container(bench, request)
    assert container["Config"]["Image"] == docker("image", "inspect", "--format", "{{.Id}}", image)
    assert bench.runtime.cancel(request.key)
