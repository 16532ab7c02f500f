"""Starting, stopping and starting again."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path

from tests.acceptance.platform import SATELLITE, Platform, submit, wait_for_job


def test_a_second_start_finds_its_data_again() -> None:
    with tempfile.TemporaryDirectory(prefix="satellite-again-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        first = Platform(home, arguments=("--no-demo", "--runtime", "process"))
        first.start()
        with first.api() as api:
            job = submit(api, "example-failing", {"how": "ok"})
            assert wait_for_job(api, job["id"])["status"] == "completed"
        assert first.stop() == 0
        assert first.leftover_processes() == []

        second = Platform(home, arguments=("--no-demo", "--runtime", "process"))
        second.start()
        with second.api() as api:
            assert api.get(f"/jobs/{job['id']}").json()["status"] == "completed"
        assert second.stop() == 0
        assert second.leftover_processes() == []


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = subprocess.run(
            [SATELLITE, "up", "--home", str(tmp_path / "home"), "--port", str(port), "--no-demo"],
            text=True, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
