"""Where the command line finds the server and who it is there."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satellite.errors import SatelliteError

DEFAULT_URL = "http://127.0.0.1:8000"


class NotLoggedIn(SatelliteError):
    """Nobody is logged in; run `satellite login`, or start a local stack with `satellite up`."""

    code = "not_logged_in"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A server and one way to prove who asks: a login, a token, an API key, or address and password."""

    url: str
    token: str | None = None
    login_file: Path | None = None
    """Where the tokens of `satellite login` are kept."""
    api_key: str | None = None
    username: str | None = None
    password: str | None = None


def config_dir() -> Path:
    """Return the folder of the stored login."""
    chosen = os.environ.get("SATELLITE_CONFIG_DIR")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "satellite"


def default_home() -> Path:
    """Return the local stack's folder: `SATELLITE_HOME`, else `.satellite` in the current folder."""
    return Path(os.environ.get("SATELLITE_HOME") or ".satellite")


def find_credentials() -> Credentials:
    """Return the credentials to use: the environment's, a stored login, or the local stack's.

    Those of another server than `SATELLITE_URL` names are not used, and so never shown to it.

    Raises:
        NotLoggedIn: there are none.
    """
    found = _from_environment() or _of_named_server(_from_login()) or _of_named_server(_from_local_stack())
    if found is None:
        raise NotLoggedIn
    return found


def server_url() -> str:
    """Return the address to talk to, logged in or not."""
    try:
        return find_credentials().url
    except NotLoggedIn:
        return os.environ.get("SATELLITE_URL", DEFAULT_URL)


def store_login(url: str, token: str, *, refresh_token: str | None, expires_in_s: float | None) -> Path:
    """Store a login, readable by its owner only, and return the file."""
    folder = config_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "credentials.json"
    login: dict[str, Any] = {"url": url, "token": token, "refresh_token": refresh_token}
    if expires_in_s is not None:
        login["expires_at"] = time.time() + expires_in_s
    return write_private(file, login)


def write_private(file: Path, content: dict[str, Any]) -> Path:
    """Write a JSON file that only its owner can read, whole or not at all, and return it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        json.dump(content, output)
    draft.replace(file)
    return file


def _from_environment() -> Credentials | None:
    token, api_key = os.environ.get("SATELLITE_TOKEN"), os.environ.get("SATELLITE_API_KEY")
    if not token and not api_key:
        return None
    return Credentials(url=os.environ.get("SATELLITE_URL", DEFAULT_URL), token=token, api_key=api_key)


def _of_named_server(found: Credentials | None) -> Credentials | None:
    named = os.environ.get("SATELLITE_URL")
    if found is None or not named or found.url.rstrip("/") == named.rstrip("/"):
        return found
    return None


def _from_login() -> Credentials | None:
    login = _read(config_dir() / "credentials.json")
    if not login.get("token") or not login.get("url"):
        return None
    if not login.get("refresh_token") and login.get("expires_at", float("inf")) < time.time():
        return None
    return Credentials(url=login["url"], login_file=config_dir() / "credentials.json")


def _from_local_stack() -> Credentials | None:
    local = _read(default_home() / "credentials.json")
    password = local.get("password") or os.environ.get("SATELLITE_ADMIN_PASSWORD")
    if not local.get("url") or not password:
        return None
    return Credentials(url=local["url"], username=local.get("username"), password=password)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
