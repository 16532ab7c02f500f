"""What a role means is written in `accounts/` and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path("operation-server/src/operation_server")
ASKS_FOR_A_ROLE = re.compile(r"\bis_admin\b|\brequire_admin\b|\bRole\.\w+|\bcaller\.role\b")


def test_features_ask_for_permissions() -> None:
    offenders = [
        str(path)
        for path in SOURCES.rglob("*.py")
        if path.parent.name != "accounts" and ASKS_FOR_A_ROLE.search(path.read_text())
    ]

    assert offenders == []


def test_the_pattern_finds_a_role() -> None:
    assert ASKS_FOR_A_ROLE.search("if caller.is_admin:")
    assert any(ASKS_FOR_A_ROLE.search(path.read_text()) for path in (SOURCES / "accounts").glob("*.py"))
