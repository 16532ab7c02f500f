"""Which workflow a command is about: its name, or its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from satellite.cli.errors import BadUsage

if TYPE_CHECKING:
    from satellite.client import SatelliteClient, Workflow

Named = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="Name of a workflow of yours, or any one's id.")
]


def find_named(client: SatelliteClient, name: str) -> Workflow:
    """Return a workflow with its tasks.

    Raises:
        BadUsage: the caller has none of this name.
        NotFound: there is none of this number.
    """
    if name.isdecimal():
        return client.get_workflow(int(name))
    found = client.find_workflow(name)
    if found is None:
        raise BadUsage(f"You have no workflow {name!r}; `satellite workflow list` shows those there are.")
    return client.get_workflow(found.id)
