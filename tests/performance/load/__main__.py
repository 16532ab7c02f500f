"""`make load`: runs the locustfile for a minute; the exit status tells whether a request failed.

Against SATELLITE_URL (with SATELLITE_ADMIN_EMAIL and SATELLITE_ADMIN_PASSWORD), or a stack of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.platform import running_platform

LOCUST = Path("build/load/env/bin/locust").absolute()
LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"
REPORT = Path("build/load/report").absolute()


def main() -> None:
    """Run it against what there is, and end as Locust ends."""
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    url = os.environ.get("SATELLITE_URL")
    if url:
        sys.exit(run(url, {}, users=arguments.users, seconds=arguments.seconds))
    with running_platform("--no-demo") as stack:
        account = json.loads((stack.home / "credentials.json").read_text())
        login = {
            "SATELLITE_ADMIN_EMAIL": account["username"],
            "SATELLITE_ADMIN_PASSWORD": account["password"],
        }
        status = run(stack.url, login, users=arguments.users, seconds=arguments.seconds)
    sys.exit(status)


def run(url: str, login: Mapping[str, str], *, users: int, seconds: int) -> int:
    """Run Locust without its web page and return its exit status."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    command = [
        LOCUST, "--locustfile", LOCUSTFILE, "--host", url, "--headless", "--only-summary",
        "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s",
        "--stop-timeout", "30", "--csv", REPORT, "--exit-code-on-error", "1",
    ]  # fmt: skip
    return subprocess.run(command, env={**os.environ, **login}).returncode


main()
