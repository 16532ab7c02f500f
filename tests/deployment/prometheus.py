"""A real Prometheus with the configuration of the deployment, pointed at processes of a test."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from satellite.local.ports import find_free_port
from tests.deployment.images import ROOT
from tests.fixtures.api import METRICS_TOKEN
from tests.fixtures.servers import running

CONFIGURATION = ROOT / "observability/prometheus"


@dataclass
class Prometheus:
    """A running Prometheus."""

    url: str

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """Return the data of an answer of its API; a query that does not parse is an error."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        data: dict[str, Any] = answer.json()["data"]
        return data


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool among the files of the configuration."""
    return subprocess.run(
        ["promtool", *arguments], cwd=CONFIGURATION, capture_output=True, text=True, timeout=120
    )


@contextlib.contextmanager
def running_prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Run it until the block ends; `targets` gives `host:port` for each job of the configuration."""
    shutil.copytree(CONFIGURATION, folder / "configuration")
    file = folder / "configuration/prometheus.yml"
    text = file.read_text().replace("interval: 15s", "interval: 1s")
    (folder / "metrics-token").write_text(METRICS_TOKEN)
    text = text.replace("/run/secrets/metrics-token", str(folder / "metrics-token"))
    for job, target in targets.items():
        found = rf"(job_name: {job}\n(?:    authorization:.*\n)?)    dns_sd_configs:\n.*\n"
        text, changed = re.subn(found, rf"\1    static_configs: [{{targets: ['{target}']}}]\n", text)
        assert changed == 1, job
    file.write_text(text)
    url = f"http://127.0.0.1:{find_free_port()}"

    def is_ready() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{url}/-/ready", timeout=5).status_code == 200
        return False

    command = [
        "prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]  # fmt: skip
    with running(command, ready=is_ready, timeout_s=120):
        yield Prometheus(url)
