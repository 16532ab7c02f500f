"""Every setting stands in DEPLOYMENT.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from analysis_server.inference.settings import InferenceSettings
from analysis_server.settings import RaySettings, WorkerSettings
from operation_server.kafka.settings import KafkaSettings
from operation_server.settings import (
    AdminSettings,
    AirflowSettings,
    ApiSettings,
    AuditSettings,
    AuthSettings,
    DispatchSettings,
    FileSettings,
    HealthSettings,
    LimitSettings,
    MetricsSettings,
    SecretSettings,
)
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.group import variables_of
from satellite.settings.observability import LogSettings, TracingSettings

DOCUMENT = Path(__file__).parents[2] / "DEPLOYMENT.md"
GROUPS: list[type[BaseSettings]] = [
    AdminSettings,
    AirflowSettings,
    ApiSettings,
    AuditSettings,
    AuthSettings,
    BrokerSettings,
    DatabaseSettings,
    DispatchSettings,
    FileSettings,
    HealthSettings,
    InferenceSettings,
    KafkaSettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
    RaySettings,
    SecretSettings,
    TracingSettings,
    WorkerSettings,
]


@pytest.mark.parametrize("group", GROUPS)
def test_each_variable_is_told_of(group: type[BaseSettings]) -> None:
    document = DOCUMENT.read_text()
    for name in group.model_fields:
        variable = variables_of(group, name)[0]
        assert f"`{variable}`" in document, f"{variable} is missing in {DOCUMENT.name}"
