"""A client that is logged in as whoever uses the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from satellite.cli.credentials import NotLoggedIn, find_credentials

if TYPE_CHECKING:
    from satellite.client import SatelliteClient


@contextmanager
def open_client() -> Iterator[SatelliteClient]:
    """Yield a logged-in client.

    Raises:
        NotLoggedIn: there are no credentials, or the server does not take them any more.
        ServerUnreachable: nobody answers.
    """
    found = find_credentials()
    from satellite.cli.login_file import LoginInFile  # noqa: PLC0415
    from satellite.client import NotAuthenticated, SatelliteClient  # noqa: PLC0415  # Slow to import.

    login = None if found.login_file is None else LoginInFile(found.login_file)
    # Who waits at a terminal wants to know at once that nobody answers.
    with SatelliteClient(
        found.url, token=found.token, api_key=found.api_key, login=login, retry_for_s=0
    ) as client:
        try:
            if found.username and found.password:
                client.login(found.username, found.password)
            yield client
        except NotAuthenticated as error:
            raise NotLoggedIn(
                f"{client.url} does not accept this login: {error} Run `satellite login`."
            ) from error
