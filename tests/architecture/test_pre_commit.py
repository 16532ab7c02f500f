"""Hooks call what `make check` calls, and nothing that needs a network."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_hooks_are_the_parts_of_check() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    [parts] = re.findall(r"^check: (.*?) *##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"entry: make (.+)", hooks) == parts.split()
    assert re.findall(r"repo: (.+)", hooks) == ["local"]
