"""Migrations are run in two phases, so that processes of two releases can work on one database.

What a release adds is run `before` its processes replace the older ones, which it must not disturb. What only
the older ones used is taken away `after` all of them are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import takewhile

from alembic.script import Script, ScriptDirectory

from satellite.errors import SatelliteError


class Phase(StrEnum):
    """When a migration is run."""

    BEFORE = "before"
    AFTER = "after"


class PhaseNotDue(SatelliteError):
    """Migrations of the other phase come first."""

    code = "phase_not_due"


class DatabaseNewer(SatelliteError):
    """The database is of a newer release."""

    code = "database_newer"


def phase_of(script: Script) -> Phase:
    """Return the phase that a migration says it is of; those of the first release say none."""
    return Phase(getattr(script.module, "phase", Phase.BEFORE))


def pending_after(scripts: ScriptDirectory, revision: str | None) -> list[Script]:
    """Return the migrations that a database at `revision` has not seen, in their order.

    Raises:
        DatabaseNewer: it has seen one that is not among them.
    """
    chain = list(reversed(list(scripts.walk_revisions())))
    if revision is None:
        return chain
    known = [script.revision for script in chain]
    if revision not in known:
        raise DatabaseNewer(
            f"The database is at revision {revision}, which this release does not know; it is of a newer"
            " one, so run that."
        )
    return chain[known.index(revision) + 1 :]


def end_of_phase(pending: Sequence[Script], phase: Phase) -> str | None:
    """Return the last of the next migrations, if they are of `phase`; None when nothing of it is left.

    Raises:
        PhaseNotDue: others have to be run before.
    """
    due = list(takewhile(lambda script: phase_of(script) is phase, pending))
    if due:
        return due[-1].revision
    if not pending:
        return None
    first = pending[0].revision
    if phase is Phase.AFTER:
        raise PhaseNotDue(
            f"Revision {first} comes first: run `operation-server migrate --phase before`, replace all"
            " processes by those of this release, then run this."
        )
    if any(phase_of(script) is phase for script in pending):
        raise PhaseNotDue(
            f"Revision {first} of the release before comes first: when no process older than that one runs,"
            " run `operation-server migrate --phase after`, then this."
        )
    return None
