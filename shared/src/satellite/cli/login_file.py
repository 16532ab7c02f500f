"""The login of `satellite login`, which several commands may use and renew at once."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from satellite.cli.credentials import write_private
from satellite.client import Tokens


class LoginInFile:
    """Keeps tokens in a file; of the commands that find them refused, one renews them for all."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other command renew the login until the block ends."""
        with self._file.with_name(f"{self._file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self) -> Tokens | None:
        """Return the newest tokens, if the file still has some."""
        login = self._content()
        if not login.get("token"):
            return None
        return Tokens(access=login["token"], refresh=login.get("refresh_token"))

    def write(self, tokens: Tokens) -> None:
        """Keep new tokens beside the address that they are for."""
        login = self._content()
        login.pop("expires_at", None)
        write_private(self._file, login | {"token": tokens.access, "refresh_token": tokens.refresh})

    def _content(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
