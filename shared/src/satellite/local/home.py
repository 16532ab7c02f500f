"""The folder in which a local stack keeps everything it must find again at the next start."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from satellite.local.errors import DiskFull, HomeInUse, StackError

NEEDED_MIB = 200
ADMIN = "admin@satellite.local"
DATA_KEYS = ("auth-secret", "admin-password", "secrets-key")
"""Secrets that belong to the data: with others it could not be read, or nobody could log in."""


@dataclass(frozen=True, kw_only=True)
class StackHome:
    """Paths and secrets of one local stack."""

    path: Path

    @property
    def logs(self) -> Path:
        """Folder of the logs, one file a process."""
        return self.path / "logs"

    @property
    def metrics(self) -> Path:
        """Folder through which the operation server's processes share their metrics."""
        return self.path / "metrics"

    @property
    def models(self) -> Path:
        """Folder of the plugins that load the models of the analysis server."""
        return self.path / "models"

    @property
    def flower_state(self) -> Path:
        """File in which Flower keeps the tasks that it has seen."""
        return self.path / "flower-state"

    @property
    def credentials(self) -> Path:
        """File with the address and the admin's name and password, readable by its owner only."""
        return self.path / "credentials.json"

    @property
    def processes(self) -> Path:
        """File that lists the running processes, so that the next start can end what a crash left."""
        return self.path / "processes.json"

    @property
    def scratch(self) -> Path:
        """Short-lived folder for Ray, whose socket paths must stay below 107 characters."""
        return Path(tempfile.gettempdir()) / f"satellite-{self.stack_id}"

    @property
    def stack_id(self) -> str:
        """The id of this installation; containers carry it as the label `satellite.stack`."""
        return self.secret("stack-id", length=6)

    def secret(self, name: str, *, length: int = 32) -> str:
        """Return the secret kept under `name`, made (`length` random bytes) at the first call."""
        file = self.path / name
        if not file.exists():
            write_private(file, secrets.token_hex(length))
        return file.read_text().strip()

    def prepare(self) -> None:
        """Make the folder and check that there is room.

        Raises:
            StackError: the folder cannot be made or written.
            DiskFull: less than 200 MiB are free.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_private(self.path / ".writable", "")
            (self.path / ".writable").unlink()
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(f"No space is left on the disk of {self.path}.") from error
            raise StackError(f"{self.path} cannot be used: {error.strerror}; use another --home.") from error
        free_mib = shutil.disk_usage(self.path).free // 2**20
        if free_mib < NEEDED_MIB:
            raise DiskFull(
                f"Only {free_mib} MiB are free on the disk of {self.path}, {NEEDED_MIB} MiB are needed; "
                "make room or use another --home."
            )

    def lock(self) -> int:
        """Take the folder for this process and return the lock's file descriptor.

        Raises:
            HomeInUse: another stack holds it.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode().strip() or "unknown"
            os.close(descriptor)
            raise HomeInUse(
                f"A stack already runs on {self.path} (process {holder}); end it, or use another --home."
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor

    def admin(self) -> tuple[str, str]:
        """Return the bootstrap admin's name and password: the environment's, else generated once."""
        username = os.environ.get("SATELLITE_ADMIN_EMAIL")
        password = os.environ.get("SATELLITE_ADMIN_PASSWORD")
        if username and password:
            return username, password
        return username or ADMIN, self.secret("admin-password", length=12)

    def write_credentials(self, url: str) -> None:
        """Write where the API is and how to log in; without the password if the environment set it."""
        username, password = self.admin()
        known = {"url": url, "username": username}
        if not os.environ.get("SATELLITE_ADMIN_PASSWORD"):
            known["password"] = password
        write_private(self.credentials, json.dumps(known, indent=2) + "\n")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, at no moment half-written."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
    draft.replace(file)
