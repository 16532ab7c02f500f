"""`satellite demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from satellite.cli.credentials import config_dir
from satellite.cli.output import AsJSON, print_json, print_line
from satellite.cli.session import open_client

PASSWORDS = "demo-people.json"


def demo(
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where others work already.")] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds to wait for its jobs, which go on anyway.")
    ] = 180,
    as_json: AsJSON = False,
) -> None:
    """Fill a fresh installation with people, jobs, workflows and a model; for admins, safe to repeat."""
    from satellite.cli.demo_progress import jobs_display  # noqa: PLC0415  # All slow to import.
    from satellite.demo.filling import fill, refuse_unless_fresh  # noqa: PLC0415
    from satellite.local.plugin_folders import find_plugin_dirs  # noqa: PLC0415

    passwords = config_dir() / PASSWORDS
    with open_client() as client, jobs_display(is_shown=not as_json) as told:
        if not anyway:
            refuse_unless_fresh(client)
        filled = fill(client, find_plugin_dirs(), passwords, timeout_s=timeout_s, told=told)
        url = client.url
    if as_json:
        print_json({"jobs": filled.jobs, "unfinished": filled.unfinished, "problems": filled.problems})
        return
    for problem in filled.problems:
        print_line(problem, to_stderr=True)
    for line in _where_to_look(url, filled.jobs, filled.unfinished, str(passwords)):
        print_line(line)


def _where_to_look(url: str, jobs: int, unfinished: int, passwords: str) -> list[str]:
    """Return in lines what there is now, and on which page."""
    still = f"; {unfinished} have not ended yet" if unfinished else ""
    return [
        f"{jobs} jobs of Ada and Ben{still}: {url}/dashboard",
        "  failed      one of each kind, and a plugin with a bad day   satellite job list --status failed",
        "  under way   one for a minute more, and one that waits for   satellite job list",
        "              a worker that is not there",
        "  workflows   hourly_cleaning has six hours behind it,        satellite workflow list",
        "              release_check asks you, fragile_import fails    satellite workflow runs",
        "  model       demand-forecast, two versions measured          satellite model show demand-forecast",
        f"Log in as ada@demo.example, ben@… or chris@…, who only looks; their passwords are in {passwords}.",
    ]
