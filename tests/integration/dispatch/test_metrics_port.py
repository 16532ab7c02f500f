"""Processes that serve no HTTP answer scrapes on a port of their own, if they are given one."""

from __future__ import annotations

import contextlib
import os
import socket
import sys

import httpx
import pytest

from satellite.local.ports import find_free_port
from tests.fixtures.servers import running


@pytest.mark.parametrize("command", ["dispatcher", "results"])
def test_it_can_be_scraped(command: str, database_url: str, redis_url: str) -> None:
    port = find_free_port()
    url = f"http://127.0.0.1:{port}/metrics"

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return "satellite_results_batch_reports_count" in httpx.get(url, timeout=5).text
        return False

    environment = os.environ | {
        "SATELLITE_DATABASE_URL": database_url,
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_METRICS_PORT": str(port),
    }
    arguments = [sys.executable, "-m", "operation_server.cli", command]
    with running(arguments, ready=answers, timeout_s=60, env=environment):
        assert httpx.get(url, timeout=5).headers["content-type"].startswith("text/plain")


def test_a_taken_port_keeps_no_process_from_its_work() -> None:
    from operation_server.metrics.exposition import serve_metrics
    from operation_server.settings import MetricsSettings

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        serve_metrics(MetricsSettings(port=taken.getsockname()[1]))
