"""The accounts of the demo: who did what, so that owners, quotas and rights have something to show."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from satellite.client import NotAuthenticated, SatelliteClient
from satellite.local.home import write_private

DOMAIN: Final = "@demo.example"


@dataclass(frozen=True)
class Person:
    """An account of the demo."""

    name: str
    full_name: str
    role: str = "user"

    @property
    def email(self) -> str:
        """Return what they log in with."""
        return f"{self.name}{DOMAIN}"


ADA: Final = Person("ada", "Ada Kim")
BEN: Final = Person("ben", "Ben Okafor")
CHRIS: Final = Person("chris", "Chris Weber", role="viewer")
PEOPLE: Final = (ADA, BEN, CHRIS)

Clients = dict[str, SatelliteClient]
"""A client for each person, by their name."""


@contextmanager
def logged_in(admin: SatelliteClient, passwords: Path) -> Iterator[Clients]:
    """Yield a client for each person, whose accounts are opened unless they are there.

    Their passwords are kept in the file, readable by its owner only; one that does not fit is set anew.
    """
    known = _read(passwords)
    accounts = {user.email: user.id for user in admin.list_users(limit=200).items}
    with ExitStack() as open_until_the_end:
        clients = {}
        for person in PEOPLE:
            password = known.setdefault(person.email, secrets.token_urlsafe(18))
            if person.email not in accounts:
                admin.create_user(person.email, password, full_name=person.full_name, role=person.role)
            client = open_until_the_end.enter_context(SatelliteClient(admin.url))
            _log_in(client, person, password, admin, accounts)
            clients[person.name] = client
        passwords.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(passwords, json.dumps(known, indent=2) + "\n")
        yield clients


def _log_in(
    client: SatelliteClient, person: Person, password: str, admin: SatelliteClient, accounts: dict[str, int]
) -> None:
    try:
        client.login(person.email, password)
    except NotAuthenticated:
        # It was opened from another machine.
        admin.reset_password(accounts[person.email], password)
        client.login(person.email, password)


def _read(passwords: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(passwords.read_text())
    except (OSError, ValueError):
        return {}
    return known
