"""Fetches a job's code from a repository; no part of what is asked for becomes a switch or a program."""

import os
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote.existing_source import is_within
from analysis_server.connector.remote.setup_process import SetupProcess

SCHEMES = "https:ssh"


def fetch(folder: str, git: Dict[str, Any], allowed_roots: List[str], run: SetupProcess) -> str:
    """Clone into a folder, check out what was asked for, and return its commit."""
    url, schemes = git["url"], SCHEMES
    if url.startswith("file://"):
        if not is_within(url[len("file://") :], allowed_roots):
            raise run.fail(f"The repository {url} is in none of the allowed folders.")
        schemes = "file"
    variables = {
        "GIT_ALLOW_PROTOCOL": schemes,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "LC_ALL": "C",
    }
    run.run(
        ["git", "clone", "--no-checkout", "--no-hardlinks", "--", url, folder],
        folder=os.path.dirname(folder),
        what="git clone",
        variables=variables,
    )
    commit = _resolve(folder, git["ref"], run)
    run.run(["git", "checkout", "--detach", commit], folder=folder, what="git checkout", variables=variables)
    return commit


def _resolve(folder: str, ref: Optional[str], run: SetupProcess) -> str:
    """Return the commit that a branch, a tag or a commit names; no name is the default branch."""
    candidates = ["HEAD"] if ref is None else ["refs/remotes/origin/" + ref, "refs/tags/" + ref, ref]
    output = os.path.join(os.path.dirname(folder), ".satellite", "commit")
    for candidate in candidates:
        if run.prints(
            ["git", "rev-parse", "--verify", "--quiet", candidate + "^{commit}"], folder=folder, path=output
        ):
            with open(output) as file:
                return file.read().strip()
    raise run.fail(f"The repository has no branch, tag or commit {ref}.")
