"""What may be asked for before a job's command: a repository, code that lies here, requirements."""

import re
from typing import Any, Dict, Optional

from analysis_server.connector.remote import names
from analysis_server.connector.remote.errors import BadRequest

# Other transports of git run programs; what is allowed is said here and once more to git itself.
URL_PATTERN = re.compile(r"(https|ssh)://[A-Za-z0-9_][^\s\x00-\x1f\x7f\\]{0,2000}")
SCP_PATTERN = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,254}:[A-Za-z0-9_~/][A-Za-z0-9_~./+-]{0,1000}"
)
SETUP_LIMIT_S = 3600


def setup_request(value: Any) -> Dict[str, Any]:
    """Return what is to be done before the command."""
    given = names.mapping(value, field="setup")
    existing, requirements = given.get("existing"), given.get("requirements")
    if given.get("git") is not None and existing is not None:
        raise BadRequest("Code comes from git or from a folder of the cluster, not from both.")
    limit = given.get("limit_s")
    return {
        "git": _git(given.get("git")),
        "existing": None if existing is None else names.absolute_path(existing, field="setup.existing"),
        "requirements": None
        if requirements is None
        else names.relative_path(requirements, field="setup.requirements"),
        "limit_s": SETUP_LIMIT_S
        if limit is None
        else names.number(limit, field="setup.limit_s", least=1, most=86400),
    }


def _git(value: Any) -> Optional[Dict[str, Any]]:
    if value is None:
        return None
    git = names.mapping(value, field="setup.git")
    ref = git.get("ref")
    return {"url": git_url(git.get("url")), "ref": None if ref is None else names.ref(ref)}


def git_url(value: Any) -> str:
    """Return the address of a repository: https, ssh, or `file://`, for allowed roots."""
    url = names.text(value, field="setup.git.url", chars_max=2048)
    if url.startswith("file://"):
        return "file://" + names.absolute_path(url[len("file://") :], field="setup.git.url")
    if not URL_PATTERN.fullmatch(url) and not SCP_PATTERN.fullmatch(url):
        raise BadRequest(
            f"A repository is named by https://, ssh:// or user@host:path, not by {names.shown(url)}."
        )
    return url
