"""`satellite secret`: what plugins are given and nobody is shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_text_stdin
from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import SatelliteClient, StoredSecret

app = typer.Typer(
    help="Store secrets and grant them to plugins; their values are never shown again.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The secret's name, as plugins ask for it.")]
Plugin = Annotated[str, typer.Argument(help="The plugin's name.")]
ForAll = Annotated[bool, typer.Option("--for-all", help="The one that is for all users; for admins.")]
PAGE = 200


@app.command("set")
def set_secret(
    name: Name,
    plugin: Annotated[list[str] | None, typer.Option(help="Its jobs are given it; may be repeated.")] = None,
    for_all: ForAll = False,
    value_stdin: Annotated[
        bool, typer.Option("--value-stdin", help="Read the value from standard input, all its lines.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Store a secret, or put another value in its place. The value is asked for, never an argument."""
    value = _value(value_stdin)
    with open_client() as client:
        known = _find(client, name, for_all=for_all)
        if known is None:
            made = client.create_secret(name, value, for_all=for_all, plugins=plugin or [])
        else:
            made = client.replace_secret(known.id, value)
            for each in plugin or []:
                client.grant_secret(known.id, each)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        print_line(f"Stored {name}, version {made.version}.")


@app.command("list")
def list_secrets(as_json: AsJSON = False) -> None:
    """List the secrets that your jobs may be given, for admins everybody's; no value is told."""
    with open_client() as client:
        secrets = _all(client)
    if as_json:
        items = [secret.model_dump(mode="json") for secret in secrets]
        print_json({"total": len(secrets), "items": items})
        return
    rows = [
        (
            secret.name,
            "all" if secret.owner_id is None else secret.owner_id,
            secret.version,
            ", ".join(secret.plugins) or "none",
            secret.changed_at or secret.created_at,
        )
        for secret in secrets
    ]
    print_table(["name", "of user", "version", "plugins", "set"], rows)


@app.command()
def delete(name: Name, for_all: ForAll = False) -> None:
    """Delete a secret."""
    with open_client() as client:
        client.delete_secret(_get(client, name, for_all=for_all).id)
    print_line(f"Deleted {name}.")


@app.command()
def grant(name: Name, plugin: Plugin, for_all: ForAll = False) -> None:
    """Let jobs of a plugin have a secret."""
    with open_client() as client:
        client.grant_secret(_get(client, name, for_all=for_all).id, plugin)
    print_line(f"Jobs of {plugin} are given {name}.")


@app.command()
def revoke(name: Name, plugin: Plugin, for_all: ForAll = False) -> None:
    """Let jobs of a plugin have a secret no more."""
    with open_client() as client:
        client.revoke_secret(_get(client, name, for_all=for_all).id, plugin)
    print_line(f"Jobs of {plugin} are not given {name} any more.")


def _get(client: SatelliteClient, name: str, *, for_all: bool) -> StoredSecret:
    found = _find(client, name, for_all=for_all)
    if found is None:
        of_whom = "for all users" if for_all else "of your own"
        raise BadUsage(f"There is no secret {name} {of_whom}; see `satellite secret list`.")
    return found


def _find(client: SatelliteClient, name: str, *, for_all: bool) -> StoredSecret | None:
    owner_id = None if for_all else client.me()["id"]
    return next(
        (secret for secret in _all(client) if (secret.name, secret.owner_id) == (name, owner_id)), None
    )


def _all(client: SatelliteClient) -> list[StoredSecret]:
    found: list[StoredSecret] = []
    while True:
        page = client.list_secrets(skip=len(found), limit=PAGE)
        found += page.items
        if len(page.items) < PAGE:
            return found


def _value(from_stdin: bool) -> str:
    if from_stdin:
        return read_text_stdin()
    text: str = typer.prompt("Value", hide_input=True, confirmation_prompt=True, err=True)
    return text
