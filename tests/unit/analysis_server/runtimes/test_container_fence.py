"""What engines are told of the isolation of containers, and what is told of engines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from docker.errors import APIError
from requests import Response

from analysis_server.runtimes.container.creation import ContainerCreator, EngineUnfit, check_engine
from analysis_server.runtimes.container.engine_traits import EngineTraits
from analysis_server.runtimes.container.fenced_network import rules
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.container.seccomp import ALLOWED, SECCOMP_PROFILE
from analysis_server.runtimes.plugin_users import CONTAINER_USERS, NAMESPACED_USERS, PROCESS_USERS

CONFIG: dict[str, Any] = {
    "Image": "x",
    "HostConfig": {
        "SecurityOpt": ["no-new-privileges:true"],
        "Tmpfs": {"/tmp": "size=1m"},
        "NetworkMode": "none",
    },
}


def version(engine: str = "29.5.1", runc: str = "1.2.8") -> dict[str, Any]:
    return {
        "Version": engine,
        "Components": [{"Name": "Engine", "Version": engine}, {"Name": "runc", "Version": runc}],
    }


def info(*options: str, runtimes: tuple[str, ...] = ("runc",)) -> dict[str, Any]:
    return {"SecurityOptions": list(options), "Runtimes": {name: {} for name in runtimes}}


class Engine:
    """An engine that has containers of some names."""

    def __init__(self, taken: int = 0, *, told: dict[str, Any] | None = None) -> None:
        self.taken, self.told, self.made = taken, told or info(), []

    def version(self) -> dict[str, Any]:
        return version()

    def info(self) -> dict[str, Any]:
        return self.told

    def create_container_from_config(self, config: dict[str, Any], name: str) -> dict[str, str]:
        self.made.append((name, config))
        if len(self.made) <= self.taken:
            response = Response()
            response.status_code = 409
            raise APIError(
                "409", response, explanation=f'The container name "/{name}" is already in use by …'
            )
        return {"Id": "made"}


def test_the_profile_is_small_and_without_what_leads_out() -> None:
    assert len(SECCOMP_PROFILE) < 8_000
    assert json.loads(SECCOMP_PROFILE)["defaultAction"] == "SCMP_ACT_ERRNO"
    assert len(set(ALLOWED)) == len(ALLOWED)
    refused = {
        "ptrace", "process_vm_readv", "io_uring_setup", "unshare", "setns", "mount", "bpf", "keyctl",
        "userfaultfd", "perf_event_open", "open_by_handle_at", "msgget", "shmget", "semget", "mq_open",
        "socket", "clone", "socketcall",
    }  # fmt: skip
    assert not refused & set(ALLOWED)


def test_ranges_of_users_are_apart() -> None:
    users = [each for found in (CONTAINER_USERS, PROCESS_USERS, NAMESPACED_USERS) for each in found]
    assert len(set(users)) == len(users)
    assert max(NAMESPACED_USERS) < 65_534


def test_a_user_that_another_container_has_is_not_given_again() -> None:
    engine = Engine(taken=2)
    assert ContainerCreator(ContainerOptions()).create(engine, CONFIG) == "made"
    names = [name for name, _ in engine.made]
    assert len(set(names)) == 3
    name, config = engine.made[-1]
    user = int(name.removeprefix("satellite-"))
    assert user in CONTAINER_USERS
    assert config["User"] == f"{user}:{user}"
    assert config["HostConfig"]["Tmpfs"] == {"/tmp": f"size=1m,uid={user},gid={user}"}


def test_where_ids_are_few_they_are_taken_from_few() -> None:
    engine = Engine(told=info("name=seccomp,profile=default", "name=userns"))
    ContainerCreator(ContainerOptions()).create(engine, CONFIG)
    assert int(engine.made[0][1]["User"].partition(":")[0]) in NAMESPACED_USERS


def test_a_runtime_is_handed_on_where_the_engine_has_it_and_refused_where_not() -> None:
    engine = Engine(told=info(runtimes=("runc", "runsc")))
    ContainerCreator(ContainerOptions(oci_runtime="runsc")).create(engine, CONFIG)
    assert engine.made[0][1]["HostConfig"]["Runtime"] == "runsc"
    with pytest.raises(EngineUnfit, match=r"no runtime 'kata', .* it has runc, runsc"):
        ContainerCreator(ContainerOptions(oci_runtime="kata")).create(engine, CONFIG)
    check_engine(EngineTraits.told(version=version(), info=info()), ContainerOptions())


@pytest.mark.parametrize(
    ("engine", "runc", "count"),
    [
        ("29.5.1", "1.2.8", 0),
        ("20.10.24+dfsg1", "1.1.5+ds1", 2),
        ("29.5.0", "1.4.0", 1),
        ("30.0", "1.3", 0),
        ("dev", "", 0),
    ],
)
def test_engines_with_known_faults_are_told(engine: str, runc: str, count: int) -> None:
    traits = EngineTraits.told(version=version(engine, runc), info=info())
    assert len(list(traits.weaknesses())) == count


def test_a_proxy_that_refuses_to_tell_hinders_nothing() -> None:
    def refuse() -> dict[str, Any]:
        response = Response()
        response.status_code = 403
        raise APIError("403", response, explanation="Forbidden")

    engine = Engine()
    engine.version = engine.info = refuse
    assert ContainerCreator(ContainerOptions()).create(engine, CONFIG) == "made"
    assert "does not tell" in next(EngineTraits.read(engine).weaknesses())


def test_podman_is_given_no_profile_and_that_is_told() -> None:
    told = {"Version": "5.0.0", "Components": [{"Name": "Podman Engine", "Version": "5.0.0"}]}
    traits = EngineTraits.told(version=told, info=info("name=rootless"))
    assert traits.is_podman
    assert traits.has_user_namespace
    assert ["Podman" in each for each in traits.weaknesses()] == [True]


def test_name_servers_are_asked_for_names_only_and_before_all_is_closed() -> None:
    lines = rules(iter(["10.0.0.2"])).splitlines()
    assert lines[:4] == [
        "*raw", ":SATELLITE-PLUGINS - [0:0]",
        "-A SATELLITE-PLUGINS -d 10.0.0.2 -p udp --dport 53 -j RETURN",
        "-A SATELLITE-PLUGINS -d 10.0.0.2 -p tcp --dport 53 -j RETURN",
    ]  # fmt: skip
    assert "-A SATELLITE-PLUGINS -m addrtype --dst-type LOCAL -j DROP" in lines
    assert "-A SATELLITE-PLUGINS -d 169.254.0.0/16 -j DROP" in lines
    assert lines[-1] == "COMMIT"
