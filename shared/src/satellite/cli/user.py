"""`satellite user`: who may use the platform; for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_line_stdin
from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import SatelliteClient, User

app = typer.Typer(help="Manage accounts; for admins.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="The e-mail address or the id of the account.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
PAGE = 200


@app.command("list")
def list_users(as_json: AsJSON = False) -> None:
    """List the accounts."""
    with open_client() as client:
        users = _all(client)
    if as_json:
        print_json({"total": len(users), "items": [user.model_dump(mode="json") for user in users]})
        return
    rows = [
        (user.id, user.email, user.full_name, user.role, "active" if user.is_active else "deactivated")
        for user in users
    ]
    print_table(["id", "e-mail", "name", "role", "state"], rows)


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The address to log in with.")],
    name: Annotated[str | None, typer.Option(help="The full name.")] = None,
    role: Annotated[str | None, typer.Option(help="admin, user (unless given) or viewer.")] = None,
    password_stdin: PasswordStdin = False,
    as_json: AsJSON = False,
) -> None:
    """Open an account."""
    password = _password(password_stdin)
    with open_client() as client:
        user = client.create_user(email, password, full_name=name, role=role)
    _show(user, f"Opened account {user.id} for {user.email}.", as_json=as_json)


@app.command()
def change(
    who: Who,
    email: Annotated[str | None, typer.Option(help="Another address.")] = None,
    name: Annotated[str | None, typer.Option(help="Another full name.")] = None,
    role: Annotated[str | None, typer.Option(help="admin, user or viewer.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Change an account's address, name or role."""
    changes = {
        key: value
        for key, value in {"email": email, "full_name": name, "role": role}.items()
        if value is not None
    }
    if not changes:
        raise BadUsage("Say what to change: --email, --name or --role.")
    _change(who, changes, "changed", as_json=as_json)


@app.command()
def deactivate(who: Who, as_json: AsJSON = False) -> None:
    """Close an account; its logins and streams end within seconds."""
    _change(who, {"is_active": False}, "deactivated", as_json=as_json)


@app.command()
def activate(who: Who, as_json: AsJSON = False) -> None:
    """Open a closed account again."""
    _change(who, {"is_active": True}, "active", as_json=as_json)


@app.command()
def password(who: Who, password_stdin: PasswordStdin = False) -> None:
    """Set the password of an account, whose logins end."""
    new = _password(password_stdin)
    with open_client() as client:
        user = _find(client, who)
        client.reset_password(user.id, new)
    print_line(f"The password of {user.email} is set.")


def _change(who: str, changes: dict[str, Any], done: str, *, as_json: bool) -> None:
    with open_client() as client:
        user = client.change_user(_find(client, who).id, **changes)
    _show(user, f"{user.email} is {done}.", as_json=as_json)


def _show(user: User, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(user.model_dump(mode="json"))
    else:
        print_line(sentence)


def _find(client: SatelliteClient, who: str) -> User:
    for user in _all(client):
        if who in {str(user.id), user.email}:
            return user
    raise BadUsage(f"There is no account {who}.")


def _all(client: SatelliteClient) -> list[User]:
    found: list[User] = []
    while True:
        page = client.list_users(skip=len(found), limit=PAGE)
        found += page.items
        if len(page.items) < PAGE:
            return found


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return read_line_stdin()
    text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return text
