"""Several runtimes behind the port of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest

from analysis_server.runtimes import selection
from analysis_server.runtimes.port import RunRequest, Runtime, SilentListener
from analysis_server.runtimes.residents import Eviction, LoadedServer, ResidentKey, Residents
from analysis_server.runtimes.runtime_set import RuntimeSet
from analysis_server.runtimes.selection import RuntimePreference, choose_runtimes
from satellite.container_engine.address import EngineAddress
from satellite.contracts.identity import AttemptKey
from satellite.contracts.requires import RuntimeName
from satellite.contracts.run_handle import RunHandle
from satellite.testing import manifest_of

KEY = AttemptKey(1, 1, UUID(int=1))
HERE, THERE = ("digest-1", ()), ("digest-2", ("GPU-1",))


@pytest.fixture
def container() -> Any:
    return Mock(spec=Runtime)


@pytest.fixture
def process() -> Any:
    return Mock(spec=Runtime)


@pytest.fixture
def both(container: Any, process: Any) -> RuntimeSet:
    return RuntimeSet({"container": container, "process": process})


def request(runtime: RuntimeName | None) -> RunRequest:
    manifest = manifest_of(requires={"runtime": runtime})
    return RunRequest(
        job_id=1, attempt=1, uid=KEY.uid, owner_id=1, worker="w", plugin_digest="d",
        manifest_json=manifest.model_dump_json(), input_json=b"1", timeout_s=1, runtime=runtime,
    )  # fmt: skip


def server_of(key: ResidentKey) -> LoadedServer:
    return LoadedServer(key=key, name="model", version="1", busy=False, memory_mib=1, gpu_memory_mib=0)


@pytest.mark.parametrize("required", [None, "container"])
def test_what_requires_none_runs_in_the_first(
    both: RuntimeSet, container: Any, process: Any, required: RuntimeName | None
) -> None:
    ear = SilentListener()
    assert both.run(request(required), ear) is container.run.return_value
    assert both.prepare(request(required).manifest) is container.prepare.return_value
    process.run.assert_not_called()
    process.prepare.assert_not_called()


def test_what_requires_one_runs_there(both: RuntimeSet, container: Any, process: Any) -> None:
    assert both.run(request("process"), SilentListener()) is process.run.return_value
    assert both.prepare(request("process").manifest) is process.prepare.return_value
    container.run.assert_not_called()


def test_a_cancel_reaches_whichever_runs_it_or_will(both: RuntimeSet, container: Any, process: Any) -> None:
    container.cancel.return_value, process.cancel.return_value = True, False
    assert both.cancel(KEY)
    process.cancel.assert_called_once_with(KEY)
    container.cancel.return_value = False
    assert not both.cancel(KEY)


def test_something_is_evicted_when_nothing_is_left_of_it_in_any(
    both: RuntimeSet, container: Any, process: Any
) -> None:
    eviction = Eviction(servers=(HERE, THERE))
    container.evict.return_value, process.evict.return_value = [HERE, THERE], [THERE]
    assert both.evict(eviction, timeout_s=5) == [THERE]


def test_what_is_there_is_what_is_in_each(both: RuntimeSet, container: Any, process: Any) -> None:
    servers = [server_of(key) for key in (HERE, THERE)]
    container.residents.return_value = Residents(servers=(servers[0],))
    process.residents.return_value = Residents(servers=(servers[1],))
    assert both.residents() == Residents(servers=tuple(servers))


@pytest.mark.parametrize("runtime", ["container", "process", "pod"])
def test_a_run_goes_on_where_it_began(
    both: RuntimeSet, container: Any, process: Any, runtime: RuntimeName
) -> None:
    container.name, process.name = "container", "process"
    now = datetime.now(UTC)
    handle = RunHandle(runtime=runtime, place="engine", name="c1", began_at=now, deadline_at=now)
    began_in = process if runtime == "process" else container
    assert both.attach(request(None), handle, SilentListener()) is began_in.attach.return_value


def test_only_some_runs_outlive_their_worker(both: RuntimeSet, container: Any, process: Any) -> None:
    container.place.return_value, process.place.return_value = "engine", None
    assert both.place() == "engine"


def test_leftovers_and_ends_are_those_of_all(both: RuntimeSet, container: Any, process: Any) -> None:
    container.sweep.return_value, process.sweep.return_value = 2, 3
    container.stop_all.return_value, process.stop_all.return_value = 1, 1
    assert (both.sweep(set()), both.stop_all("drain")) == (5, 2)
    both.close()
    container.close.assert_called_once()
    process.close.assert_called_once()


@pytest.mark.parametrize(
    ("preference", "answers", "names"),
    [
        ("auto", True, ("container",)),
        ("auto", False, ("process",)),
        ("process", True, ("process",)),
        ("container", False, ("container",)),
        ("container,process", True, ("container", "process")),
        # Never less isolation than was asked for, because an engine is away for a moment.
        ("container,process", False, ("container", "process")),
    ],
)
def test_which_runtimes_a_worker_has(
    monkeypatch: pytest.MonkeyPatch, preference: RuntimePreference, names: tuple[str, ...], *, answers: bool
) -> None:
    def probe(_: EngineAddress) -> str:
        if answers:
            return "29.0"
        raise OSError("no engine")

    monkeypatch.setattr(selection, "probe", probe)
    choice = choose_runtimes(preference, EngineAddress())
    assert choice.names == names
    assert ("not isolated" in choice.reason) == ("process" in names)
