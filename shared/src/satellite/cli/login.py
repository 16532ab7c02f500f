"""`satellite login`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from satellite.cli.credentials import server_url, store_login
from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_line_stdin
from satellite.cli.output import AsJSON, print_json, print_line


def login(
    url: Annotated[str | None, typer.Option(help="Address of the operation server.")] = None,
    username: Annotated[str | None, typer.Option(help="The e-mail address; asked for unless given.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Log in and keep the login in ~/.config/satellite/credentials.json; it renews itself."""
    from satellite.client import SatelliteClient  # noqa: PLC0415

    address = url or server_url()
    if username is None:
        if not _is_asked_at_a_terminal():
            raise BadUsage("Give --username.")
        username = typer.prompt("E-mail", err=True)
    if not password_stdin and not _is_asked_at_a_terminal():
        raise BadUsage("Give the password through --password-stdin.")
    password = read_line_stdin() if password_stdin else typer.prompt("Password", hide_input=True, err=True)
    with SatelliteClient(address, retry_for_s=0) as client:
        grant = client.login(username, password)
    file = store_login(
        client.url,
        grant.access_token,
        refresh_token=grant.refresh_token,
        expires_in_s=grant.expires_in,
    )
    if as_json:
        print_json({"url": client.url, "username": username, "stored_in": str(file)})
    else:
        print_line(f"Logged in to {client.url} as {username}.")


def _is_asked_at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
