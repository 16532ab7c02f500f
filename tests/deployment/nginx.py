"""nginx with the configuration of the deployment, moved to ports and a folder of this test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from satellite.local.ports import find_free_ports
from tests.deployment.images import ROOT
from tests.fixtures.servers import running, wait_until


@dataclass
class Nginx:
    """A running nginx."""

    folder: Path
    https_port: int
    http_port: int

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "secrets" / "tls.crt")

    @property
    def command(self) -> list[str]:
        return ["nginx", "-e", "stderr", "-c", str(self.folder / "nginx.conf")]

    def serve(self, ports: Sequence[int]) -> None:
        """Name the API servers, as `api-servers` would."""
        lines = (f"server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;\n" for port in ports)
        (self.folder / "api_servers.conf").write_text("".join(lines))

    def workers(self) -> set[str]:
        """Return the process ids of nginx's workers."""
        master = (self.folder / "nginx.pid").read_text().strip()
        return set(Path(f"/proc/{master}/task/{master}/children").read_text().split())

    def reload(self) -> None:
        """Reload, and wait as `api-servers` does until old workers take no request any more."""
        old = self.workers()
        subprocess.run([*self.command, "-s", "reload"], check=True, timeout=30)
        wait_until(lambda: self.workers() - old and not any(map(takes_requests, old)), timeout_s=30)


def takes_requests(worker: str) -> bool:
    """Tell whether a worker does not yet call itself one that is shutting down."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{worker}/cmdline").read_text().rstrip("\0") == "nginx: worker process"
    return False


@contextlib.contextmanager
def running_nginx(folder: Path, api_ports: Sequence[int]) -> Iterator[Nginx]:
    """Run it until the block ends."""
    shutil.copytree(ROOT / "nginx", folder, dirs_exist_ok=True)
    https_port, http_port = find_free_ports(2)
    subprocess.run(
        [ROOT / "compose/prepare"],
        env=os.environ | {"SECRETS_DIR": str(folder / "secrets"), "ENV_FILE": str(folder / "env")},
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    moved = {
        " /tmp/": f" {folder}/",
        "/run/": f"{folder}/",
        "listen 8443": f"listen 127.0.0.1:{https_port}",
        "listen 8080": f"listen 127.0.0.1:{http_port}",
        # It is not tried here, and its name is known in the deployment only.
        "server flower:5555": "server 127.0.0.1:9",
    }
    for file in folder.glob("*.conf"):
        text = file.read_text()
        for old, new in moved.items():
            text = text.replace(old, new)
        file.write_text(text)
    nginx = Nginx(folder, https_port, http_port)
    nginx.serve(api_ports)
    with running(
        # Workers of root's nginx would run as somebody who may not enter the folder.
        [*nginx.command, "-g", "daemon off; user root;"],
        ready=(folder / "nginx.pid").exists,
        stop_signal=signal.SIGQUIT,
    ):
        yield nginx
