"""The twins do what the ports promise, and the messages are ones that the servers take."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import ValidationError

from analysis_server.reporting.port import Reporter
from analysis_server.runtimes.port import RunListener
from satellite.client import NotFound, SatelliteClient
from satellite.contracts.outcome import ErrorKind, OutcomeStatus
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.testing import (
    RecordingListener,
    RecordingReporter,
    answering_server,
    heartbeat_of,
    job_message_of,
    manifest_of,
    outcome_of,
    started_report_of,
)


@pytest.mark.parametrize(("port", "twin"), [(Reporter, RecordingReporter), (RunListener, RecordingListener)])
def test_a_twin_has_every_method_of_its_port(port: type, twin: type) -> None:
    promised = {name: method for name, method in vars(port).items() if inspect.isfunction(method)}
    for name in (name for name in promised if not name.startswith("_")):
        assert inspect.signature(promised[name]) == inspect.signature(getattr(twin, name))


def test_a_reporter_remembers() -> None:
    reporter = RecordingReporter()
    report, outcome = started_report_of(7), outcome_of(7, result={"n": 1})
    reporter.started(report)
    reporter.finished(outcome, callbacks=[])
    assert (reporter.begun, reporter.outcomes) == ([report], [outcome])


def test_a_message_carries_its_manifest_and_input() -> None:
    manifest = manifest_of(name="adder", timeout_s=5)
    message = job_message_of(manifest, {"n": 1}, job_id=7)
    assert PluginManifest.model_validate_json(message.manifest_json) == manifest
    assert (message.job_id, message.timeout_s, message.input_json) == (7, 5, '{"n":1}')


def test_an_outcome_fits_its_status() -> None:
    failed = outcome_of(7, status=OutcomeStatus.FAILED)
    assert failed.error is not None
    assert (failed.error.kind, failed.result_json) == (ErrorKind.EXIT, None)
    assert outcome_of(7, result=None).result_json == "null"


@pytest.mark.parametrize("build", [manifest_of, heartbeat_of])
def test_changes_are_validated(build: Any) -> None:
    with pytest.raises(ValidationError):
        build(version=None)


def test_a_client_talks_to_a_server_made_of_answers() -> None:
    with answering_server() as server:
        job = {
            "id": 7, "plugin_name": "adder", "plugin_version": "1", "status": "completed", "input_data": {},
            "result": {"sum": 2}, "created_at": "2026-11-25T00:00:00Z",
        }  # fmt: skip
        server.answer("GET /jobs/7", job)
        server.answer("POST /jobs", job, status=202)
        with SatelliteClient(server.url, token="a token") as client:
            assert client.get_job(7).result == {"sum": 2}
            assert client.submit("adder", {"n": 1}).id == 7
            with pytest.raises(NotFound):
                client.get_job(8)
        assert [body["input_data"] for body in server.bodies] == [{"n": 1}]
