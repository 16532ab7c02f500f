"""How a container ended, as the engine and a look at its program tell."""

from __future__ import annotations

from docker import APIClient

from analysis_server.runtimes.container.program import SHELL_CODES, has_wrong_format
from analysis_server.runtimes.run.verdict import Ending


def wait_for_end(client: APIClient, container_id: str, *, timeout_s: int = 30) -> Ending:
    """Wait until the engine has noted the end, and return how the container ended."""
    exit_code = int(client.wait(container_id, timeout=timeout_s)["StatusCode"])
    if exit_code == 0:
        return Ending(exit_code=0)
    found = client.inspect_container(container_id)
    return Ending(
        exit_code=exit_code,
        oom=bool(found["State"].get("OOMKilled")),
        wrong_format=exit_code in SHELL_CODES and has_wrong_format(client, found),
    )
