"""Where runs may outlive their worker: on engines that keep output, and that say so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from docker import APIClient
from docker.errors import APIError

from analysis_server.runtimes.container.engine import Engine
from analysis_server.runtimes.container.kept_output import FILE_MIB, may_be_cut
from satellite.container_engine.address import EngineAddress

DOCKER = {"ID": "A", "Name": "host", "Plugins": {"Log": ["json-file", "local"]}}
PODMAN = {"ID": "A", "Name": "host", "Plugins": {"Log": ["k8s-file", "none", "journald"]}}


def refused(status: int) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError("no", response=response)


class ToldEngine(Engine):
    """An engine that tells of itself what a test says, and counts how often it was asked."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        super().__init__(EngineAddress())
        self.answers = list(answers)

    def _connect(self) -> APIClient:
        return cast("APIClient", SimpleNamespace(info=self._info, close=lambda: None))

    def _info(self) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answer", "place"),
    [(DOCKER, "A@host"), (PODMAN, None), (refused(403), None), ({"ID": "A", "Name": "host"}, None)],
)
def test_an_engine_that_keeps_output_has_a_place(answer: Any, place: str | None) -> None:
    engine = ToldEngine(answer)
    assert engine.place() == place
    assert engine.place() == place, "it is asked once only"


@pytest.mark.parametrize("fault", [refused(500), requests.ConnectionError("away")])
def test_an_engine_that_is_away_is_asked_again(fault: Exception) -> None:
    engine = ToldEngine(fault, DOCKER)
    with pytest.raises(type(fault)):
        engine.place()
    assert engine.place() == "A@host"


def test_what_may_be_cut_is_at_least_one_full_file() -> None:
    full = FILE_MIB * 1024 * 1024
    assert not may_be_cut(full - 100, 3)
    assert may_be_cut(full, 0)
    # Of empty lines most of a file is what the engine adds to each.
    assert may_be_cut(full // 4, full // 30)
