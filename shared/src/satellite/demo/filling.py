"""Fills an installation with the demo, in the order in which it takes time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from satellite.client import SatelliteClient
from satellite.demo.errors import NotFresh
from satellite.demo.history import cancel_some, replay_one, submit_all, wait_all
from satellite.demo.models import EXAMPLE, fill_models
from satellite.demo.people import DOMAIN, PEOPLE, Clients, logged_in
from satellite.demo.work import day
from satellite.demo.workflows import approve_first, fill_workflows
from satellite.local.demo import DEMO_PLUGIN, EXAMPLE_INPUT, register_plugins

JOBS_OF_A_START: Final = 20
"""So many jobs a fresh installation may have: those by which somebody has tried it."""
DEMO_KEY: Final = "demo"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What the demo has made, whether now or before."""

    jobs: int
    unfinished: int
    """Jobs that had not ended when the time was over; they go on."""
    problems: list[str]


def refuse_unless_fresh(admin: SatelliteClient) -> None:
    """Look for work of others.

    Raises:
        NotFresh: there is some.
        Forbidden: whoever asks is no admin.
    """
    me = admin.me()["email"]
    others = [user.email for user in admin.list_users(limit=200).items if user.email != me]
    strangers = [email for email in others if not email.endswith(DOMAIN)]
    if strangers:
        raise NotFresh(
            f"There are {len(strangers)} accounts that are not the demo's ({strangers[0]}, for one). "
            "With --anyway it is filled in beside what they do."
        )
    if not others and (jobs := admin.list_jobs(limit=1).total) > JOBS_OF_A_START:
        raise NotFresh(f"There are {jobs} jobs already. With --anyway the demo is filled in beside them.")


def fill(
    admin: SatelliteClient,
    plugin_dirs: Sequence[Path],
    passwords: Path,
    *,
    timeout_s: float,
    told: Callable[[int, int], None],
) -> Filled:
    """Make everything that is not there yet; `told` hears how many jobs of how many have ended."""
    until_s = time.monotonic() + timeout_s
    _, problems = register_plugins(admin, plugin_dirs)
    works = day(_wines(plugin_dirs))
    with logged_in(admin, passwords) as clients:
        jobs = submit_all(clients, works)
        fill_workflows(clients)
        cancel_some(clients, works, jobs, until_s=until_s)
        for example in _examples(plugin_dirs):
            fill_models(admin, example, timeout_s=max(1.0, until_s - time.monotonic()))
        _approve(clients, until_s)
        _make_key(clients)
        unfinished = wait_all(admin, jobs, until_s=until_s, told=told)
        replay_one(clients, works, jobs)
    return Filled(jobs=len(jobs), unfinished=unfinished, problems=problems)


def _wines(plugin_dirs: Sequence[Path]) -> list[Any]:
    for folder in plugin_dirs:
        with suppress(OSError, ValueError):
            rows: list[Any] = json.loads((folder / DEMO_PLUGIN / EXAMPLE_INPUT).read_text())["rows"]
            return rows
    return []


def _examples(plugin_dirs: Sequence[Path]) -> Iterator[Path]:
    found = (folder / EXAMPLE for folder in plugin_dirs)
    yield from [file for file in found if file.is_file()][:1]


def _approve(clients: Clients, until_s: float) -> None:
    while not approve_first(clients) and time.monotonic() < until_s:
        time.sleep(0.5)


def _make_key(clients: Clients) -> None:
    client = clients[PEOPLE[0].name]
    if all(key.name != DEMO_KEY for key in client.list_keys().items):
        client.create_key(DEMO_KEY, permissions=["jobs:read"])
