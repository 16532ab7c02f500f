"""Airflow's own environments and databases, for all tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.airflow.installation import ROOT, Airflow
from tests.airflow.stand_in import API_KEY, StandIn, stand_in
from tests.airflow.workflows import ENDS

ASKED_FOR = "SATELLITE_TEST_AIRFLOW"
REQUIRED = "SATELLITE_REQUIRE_AIRFLOW"
ALWAYS = 3
"""The version that `make test` runs too."""


@pytest.fixture(scope="session")
def installed() -> Callable[[int], None]:
    """Makes the environment of a version, if it is not there."""

    def install(major: int) -> None:
        if major != ALWAYS and os.environ.get(ASKED_FOR) != "1":
            pytest.skip("a part of make test-airflow")
        # A make around this one would hand its own options down.
        environment = {
            name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}
        }
        made = subprocess.run(
            ["make", f"build/airflow{major}/.ready"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            why = f"no environment of Airflow {major}: {made.stderr[-500:]}"
            pytest.fail(why) if os.environ.get(REQUIRED) == "1" else pytest.skip(why)

    return install


@pytest.fixture(scope="session")
def satellite() -> Iterator[StandIn]:
    """What answers the mirror."""
    with stand_in(ENDS) as standing_in:
        yield standing_in


@pytest.fixture(scope="session", params=[3, 2], ids=["airflow3", "airflow2"])
def airflow(
    request: pytest.FixtureRequest,
    installed: Callable[[int], None],
    satellite: StandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> Airflow:
    """An Airflow with a database, whose connection leads to the stand-in."""
    installed(request.param)
    home: Path = tmp_path_factory.mktemp(f"airflow{request.param}")
    airflow = Airflow(major=request.param, home=home, settings=connection(satellite.url, API_KEY))
    airflow.prepare()
    return airflow


def connection(url: str, api_key: str) -> dict[str, str]:
    """Return the setting that makes the connection of the mirror."""
    stated = {"conn_type": "http", "host": url, "password": api_key}
    return {"AIRFLOW_CONN_SATELLITE_DEFAULT": json.dumps(stated)}
