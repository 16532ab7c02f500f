"""Alert rules and dashboard: true to the metrics that there are, by the tools that will read them."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from satellite.local.ports import find_free_port
from tests.deployment.conftest import miss
from tests.deployment.images import ROOT
from tests.deployment.prometheus import CONFIGURATION, Prometheus, promtool, running_prometheus
from tests.fixtures.api import METRICS_TOKEN, running_api
from tests.fixtures.servers import running, wait_until

SHOWN = {"Authorization": f"Bearer {METRICS_TOKEN}"}
ALERT = re.compile(r"^ +- alert: (\w+)$", re.MULTILINE)
METRIC = re.compile(r"\bsatellite_\w+")
OF_HISTOGRAMS = re.compile(r"_(bucket|sum|count)$")


def alerts() -> set[str]:
    return set(ALERT.findall((CONFIGURATION / "alerts.yml").read_text()))


def dashboard_queries() -> set[str]:
    dashboard = json.loads((ROOT / "observability/grafana/dashboards/satellite.json").read_text())
    return {target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])}


@pytest.fixture(scope="module", autouse=True)
def debian_prometheus() -> None:
    """Debian's package `prometheus`, which has both programs."""
    if not (shutil.which("promtool") and shutil.which("prometheus")):
        miss("Prometheus")


@pytest.fixture
def scraped(database_url: str, redis_url: str) -> Iterator[dict[str, str]]:
    """An API server and a results consumer, as `host:port` by job."""
    port = find_free_port()
    environment = os.environ | {
        "SATELLITE_DATABASE_URL": database_url,
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_METRICS_PORT": str(port),
    }
    results = [sys.executable, "-m", "operation_server.cli", "results"]

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    with (
        running_api(database_url=database_url, redis_url=redis_url) as url,
        running(results, ready=answers, env=environment),
    ):
        yield {"satellite-api": urlsplit(url).netloc, "satellite-loops": f"127.0.0.1:{port}"}


@pytest.fixture
def prometheus(scraped: dict[str, str], tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes them by our configuration."""
    with running_prometheus(tmp_path, scraped) as prometheus:
        yield prometheus


@pytest.mark.parametrize(
    "arguments",
    [
        # Without looking for the token, which is a secret of each deployment.
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
)
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    done = promtool(*arguments)

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried_and_has_a_runbook() -> None:
    tried = (CONFIGURATION / "alerts_test.yml").read_text()
    runbooks = re.findall(r"^## (\w+)$", (ROOT / "docs/runbooks.md").read_text(), re.MULTILINE)

    assert alerts() == set(runbooks)
    assert {alert for alert in alerts() if alert not in tried} == set()


def test_rules_are_loaded_and_a_platform_without_workers_is_told(prometheus: Prometheus) -> None:
    def up() -> bool:
        return len(prometheus.get("query", query='up{job=~"satellite-.*"} == 1')["result"]) == 2

    wait_until(up, timeout_s=60)
    loaded = {rule["name"]: rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]}
    assert loaded.keys() == alerts()
    assert {rule["health"] for rule in loaded.values()} <= {"ok", "unknown"}

    def pending() -> set[str]:
        rules = (rule for group in prometheus.get("rules")["groups"] for rule in group["rules"])
        return {rule["name"] for rule in rules if rule["state"] != "inactive"}

    wait_until(lambda: "SatelliteNoWorker" in pending(), timeout_s=60)
    assert "SatellitePartDown" not in pending()


def test_each_query_of_the_dashboard_can_be_asked(prometheus: Prometheus) -> None:
    queries = dashboard_queries()

    assert len(queries) > 15
    for query in queries:
        prometheus.get("query", query=query)


def test_each_metric_that_is_asked_for_is_there(scraped: dict[str, str]) -> None:
    shown = "".join(
        httpx.get(f"http://{target}/metrics", headers=SHOWN, timeout=10).text for target in scraped.values()
    )
    there = set(re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE))
    asked = "\n".join([*dashboard_queries(), (CONFIGURATION / "alerts.yml").read_text()])

    assert {name for name in METRIC.findall(asked) if OF_HISTOGRAMS.sub("", name) not in there} == set()
