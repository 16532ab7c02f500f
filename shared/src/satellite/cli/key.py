"""`satellite key`: API keys for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.session import open_client

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

DAY_S = 86_400


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    permission: Annotated[
        list[str] | None, typer.Option(help="Such as jobs:read; may be repeated. All unless given.")
    ] = None,
    plugin: Annotated[
        list[str] | None, typer.Option(help="Only for this plugin; may be repeated. All unless given.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="It ends after so many days.")] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="It may ask so often. As its account unless given.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Make an API key. It is shown this once; programs find it in SATELLITE_API_KEY."""
    with open_client() as client:
        made = client.create_key(
            name,
            permissions=permission or None,
            plugins=plugin or None,
            expires_in_s=None if days is None else days * DAY_S,
            requests_per_minute=requests_per_minute,
        )
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print_line(f"API key {made.id}, shown only now:", to_stderr=True)
    print_line(made.key or "")


@app.command("list")
def list_keys(
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 100,
    as_json: AsJSON = False,
) -> None:
    """List API keys: one's own, for admins everybody's."""
    with open_client() as client:
        page = client.list_keys(limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json", exclude={"items": {"__all__": {"key"}}}))
        return
    rows = [
        (
            key.id,
            key.name,
            ", ".join(key.permissions or ["all"]),
            ", ".join(key.plugins or ["all"]),
            key.last_used_at or "never",
            "revoked" if key.revoked_at else key.expires_at or "for ever",
        )
        for key in page.items
    ]
    print_table(["id", "name", "permissions", "plugins", "last used", "holds"], rows)


@app.command()
def revoke(
    key_id: Annotated[int, typer.Argument(min=1, help="The key's id, as `key list` shows it.")],
) -> None:
    """Revoke an API key; within seconds it opens nothing any more."""
    with open_client() as client:
        client.revoke_key(key_id)
    print_line(f"API key {key_id} is revoked.")
