"""`satellite model rollout`: a version is tried on part of what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.output import AsJSON, print_fields, print_json, print_line
from satellite.cli.session import open_client
from satellite.contracts.model_version import CHAMPION

if TYPE_CHECKING:
    from satellite.client import Rollout


def rollout(  # noqa: PLR0917 - typer reads options from parameters
    name: Annotated[str, typer.Argument(help="The model's name.")],
    candidate: Annotated[int | None, typer.Option(min=1, help="The version to try.")] = None,
    percent: Annotated[float, typer.Option(min=0, max=100, help="Of the requests: what it answers.")] = 0,
    shadow: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of the answers: what it is asked as well.")
    ] = 0,
    tolerance: Annotated[
        float | None, typer.Option(min=0, help="By how much numbers of both answers may differ.")
    ] = None,
    alias: Annotated[str, typer.Option(help="The alias whose requests are divided.")] = CHAMPION,
    stop: Annotated[bool, typer.Option("--stop", help="Let the alias answer alone again.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Show the rollout of a model; with --candidate begin or change it, with --stop end it."""
    if stop:
        with open_client() as client:
            client.stop_rollout(name)
        print_line(f"No version of {name} is tried any more.")
        return
    if candidate is None and (percent or shadow):
        raise BadUsage("Say which version is to be tried: --candidate.")
    with open_client() as client:
        if candidate is None:
            found = client.get_rollout(name)
        else:
            settings: dict[str, Any] = {"percent": percent, "shadow_percent": shadow, "alias": alias}
            if tolerance is not None:
                settings["tolerance"] = tolerance
            found = client.set_rollout(name, candidate, **settings)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_fields(_fields(found))


def _fields(found: Rollout) -> list[tuple[str, Any]]:
    return [
        ("status", found.status),
        ("candidate", f"{found.model_name}@{found.candidate}, {found.percent:g} % of {found.alias}"),
        ("beside", f"{found.model_name}@{found.stable}"),
        ("shadow", f"{found.shadow_percent:g} %"),
        *((arm, _words(verdicts)) for arm, verdicts in found.counts.items()),
        ("reason", found.reason),
    ]


def _words(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{jobs} {verdict}" for verdict, jobs in verdicts.items())
