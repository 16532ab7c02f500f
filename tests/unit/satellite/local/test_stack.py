"""Which processes a stack has, by what it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from satellite.local.home import StackHome
from satellite.local.postgres_place import PostgresPlace
from satellite.local.stack import Stack, StackOptions, StackPorts

PORTS = StackPorts(api=1, flower=2, inference=3, postgres=4, redis=5, ray=6, ray_dashboard=7)


@pytest.mark.parametrize("with_kafka", [True, False])
def test_kafka_is_worked_with_where_it_is_named(with_kafka: bool, tmp_path: Path) -> None:
    async def no_environment() -> dict[str, str]:
        return {}

    home = StackHome(path=tmp_path)
    home.prepare()
    stack = Stack(
        home=home,
        options=StackOptions(with_kafka=with_kafka),
        ports=PORTS,
        postgres_place=PostgresPlace(data_dir=tmp_path, programs=None, remark=""),
        worker_environment=no_environment,
    )
    found = {spec.name: spec for spec in stack.processes()}

    assert ("kafka" in found) is with_kafka
    assert all(spec.is_optional for name, spec in found.items() if name == "kafka")
