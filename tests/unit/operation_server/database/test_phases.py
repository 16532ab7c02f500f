"""Which migrations are run before the processes of a release are there, and which after."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from alembic.script import Script

from operation_server.database.migrate import scripts
from operation_server.database.phases import DatabaseNewer, Phase, PhaseNotDue, end_of_phase, pending_after

BEFORE, AFTER = Phase.BEFORE, Phase.AFTER


def chain(*phases: str) -> list[Script]:
    """Migrations numbered from 1, with `b` and `a` for their phases."""
    return [
        cast(
            "Script",
            SimpleNamespace(
                revision=str(number), module=SimpleNamespace(phase={"b": "before", "a": "after"}[phase])
            ),
        )
        for number, phase in enumerate(phases, start=1)
    ]


@pytest.mark.parametrize(
    ("pending", "phase", "end"),
    [
        ("", BEFORE, None),
        ("", AFTER, None),
        ("bb", BEFORE, "2"),
        ("bba", BEFORE, "2"),
        ("a", BEFORE, None),
        ("aa", AFTER, "2"),
        ("aab", AFTER, "2"),
        # What the release before has left over is not run together with what this one adds.
        ("baba", BEFORE, "1"),
    ],
)
def test_a_phase_ends_where_the_other_begins(pending: str, phase: Phase, end: str | None) -> None:
    assert end_of_phase(chain(*pending), phase) == end


@pytest.mark.parametrize(
    ("pending", "phase", "command"),
    [("ab", BEFORE, "--phase after"), ("b", AFTER, "--phase before"), ("ba", AFTER, "--phase before")],
)
def test_a_phase_that_is_not_due_names_the_other(pending: str, phase: Phase, command: str) -> None:
    with pytest.raises(PhaseNotDue, match=command):
        end_of_phase(chain(*pending), phase)


def test_a_database_of_a_newer_release_is_refused() -> None:
    known = scripts()
    assert pending_after(known, known.get_current_head()) == []
    assert pending_after(known, None)[0].revision == "0001"
    with pytest.raises(DatabaseNewer, match="9999"):
        pending_after(known, "9999")
