"""Every setting stands in DEPLOYMENT.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from analysis_server.settings import RaySettings, WorkerSettings
from operation_server.settings import (
    AdminSettings,
    ApiSettings,
    AuthSettings,
    DispatchSettings,
    MetricsSettings,
)
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.observability import LogSettings

DOCUMENT = Path(__file__).parents[2] / "DEPLOYMENT.md"
GROUPS: list[type[BaseSettings]] = [
    AdminSettings,
    ApiSettings,
    AuthSettings,
    BrokerSettings,
    DatabaseSettings,
    DispatchSettings,
    LogSettings,
    MetricsSettings,
    RaySettings,
    WorkerSettings,
]


@pytest.mark.parametrize("group", GROUPS)
def test_each_variable_is_told_of(group: type[BaseSettings]) -> None:
    document = DOCUMENT.read_text()
    for name, field in group.model_fields.items():
        alias = field.validation_alias
        first = alias.choices[0] if isinstance(alias, AliasChoices) else alias
        variable = first or (group.model_config.get("env_prefix", "") + name).upper()
        assert f"`{variable}`" in document, f"{variable} is missing in {DOCUMENT.name}"
