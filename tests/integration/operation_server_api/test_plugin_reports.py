"""What `satellite plugin test` said of a version, kept with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.plugin_report import REPORT_BYTES_MAX, Check, Checked, Finding, Report
from tests.integration.operation_server_api.conftest import MANIFEST

PATH = "/plugins/adder/versions/1.0.0"
WHEN = datetime(2026, 11, 25, 12, tzinfo=UTC)


def report(*findings: Finding, **changed: Any) -> dict[str, Any]:
    made = Report(
        plugin="adder",
        version="1.0.0",
        runtime="process",
        manifest_digest=PluginManifest.model_validate(MANIFEST).digest(),
        tested_at=WHEN,
        checks=(Checked(check=Check.START), Checked(check=Check.EXAMPLES, runs=2, findings=findings)),
    )
    return made.model_dump(mode="json") | changed


async def told(client: httpx.AsyncClient) -> list[Any]:
    """Return what each of the doors tells of the report."""
    one, listed = (await client.get(PATH)).json(), (await client.get("/plugins/adder/versions")).json()
    return [
        one["report"],
        listed["items"][0]["report"],
        (await client.get("/plugins/adder")).json()["report"],
    ]


async def test_the_last_report_stays_with_its_version(
    user: httpx.AsyncClient, other: httpx.AsyncClient, adder: dict[str, Any]
) -> None:
    assert adder["report"] is None
    missing = await user.get(f"{PATH}/report")
    assert (missing.status_code, missing.json()["code"]) == (404, "plugin_report_not_found")

    for found in ((Finding(message="exit: code 3", input={"n": 1}),), ()):
        sent = report(*found)
        assert (await user.put(f"{PATH}/report", json=sent)).status_code == 204
        assert (await other.get(f"{PATH}/report")).json() == sent
        expected = {"passed": not found, "findings": len(found), "when": "2026-11-25T12:00:00Z"}
        assert await told(other) == [expected] * 3

    assert (await user.get("/plugins/adder/versions/2")).status_code == 404


@pytest.mark.parametrize(
    "changed", [{"manifest_digest": "0" * 64}, {"plugin": "other"}, {"version": "1.0.1"}], ids=str
)
async def test_a_report_of_other_content_is_refused(
    user: httpx.AsyncClient, adder: dict[str, Any], changed: dict[str, str]
) -> None:
    answer = await user.put(f"{PATH}/report", json=report(**changed))

    assert (answer.status_code, answer.json()["code"]) == (409, "report_of_other_content")
    assert await told(user) == [None] * 3


async def test_only_who_registers_versions_reports_of_them(
    user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient, adder: dict[str, Any]
) -> None:
    assert (await other.put(f"{PATH}/report", json=report())).status_code == 403
    assert (await admin.put(f"{PATH}/report", json=report())).status_code == 204
    trail = (await admin.get("/audit", params={"object_type": "plugin"})).json()["items"]
    assert "plugin.report" in {entry["action"] for entry in trail}


async def test_a_large_report_is_kept_short(user: httpx.AsyncClient, adder: dict[str, Any]) -> None:
    findings = [Finding(message='"' * 2_000, input=["x" * 4_000], log="y" * 4_000)] * 40
    assert (await user.put(f"{PATH}/report", json=report(*findings))).status_code == 204

    kept = await user.get(f"{PATH}/report")
    assert len(kept.content) <= REPORT_BYTES_MAX
    assert len(kept.json()["checks"][1]["findings"]) == 5
    assert (await told(user))[0]["findings"] == 40


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_clock_that_is_wrong_refuses_nothing(
    user: httpx.AsyncClient, adder: dict[str, Any], when: str
) -> None:
    assert (await user.put(f"{PATH}/report", json=report(tested_at=when))).status_code == 204

    shown = datetime.fromisoformat((await told(user))[0]["when"])
    assert shown <= datetime.now(UTC) + timedelta(minutes=1)
