"""The console's parts import in one direction, and what the server says reaches its pages as text only."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from operation_server import error_handlers
from operation_server.dashboard.pages import HEADERS
from satellite.contracts.outcome import ErrorKind, OutcomeStatus

FRONTEND = Path(__file__).parents[2] / "frontend"
SOURCE = FRONTEND / "src"
LAYERS = ["app", "features", "viewers", "ui", "live", "routing", "session", "i18n", "api"]
"""Each may import those that follow it; `i18n` and the errors of `api` know each other."""
CODES_OF_THE_FRAMEWORK = {"not_found", "method_not_allowed"}
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](~|\.\.?)/([^"']+)["']""")
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcDoc|DOMParser|createContextualFragment"
    r"|\beval\(|new Function|setHTML|javascript:|https?://(?!www\.w3\.org)"
)
FILES = sorted(
    file
    for file in SOURCE.rglob("*.ts*")
    if file.name != "schema.d.ts" and not file.name.endswith((".test.ts", ".test.tsx"))
)


def imports(file: Path) -> list[Path]:
    """Return the files that a file imports, relative to `src`, without their endings."""
    base = {"~": SOURCE, ".": file.parent, "..": file.parent.parent}
    return [
        (base[root] / rest).resolve().relative_to(SOURCE) for root, rest in IMPORT.findall(file.read_text())
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_go_one_way(file: Path) -> None:
    here = file.relative_to(SOURCE).parts
    if here[0] not in LAYERS:
        return
    for wanted in imports(file):
        assert LAYERS.index(here[0]) <= LAYERS.index(wanted.parts[0]), f"{here[0]} imports {wanted}"
        if here[0] == "features":
            assert wanted.parts[0] != "features" or wanted.parts[1] == here[1], f"{here[1]} imports {wanted}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_no_script_makes_markup_of_text(file: Path) -> None:
    assert not MAKES_MARKUP.search(file.read_text())


def test_the_policy_and_the_lock() -> None:
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    lock = (FRONTEND / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    packages = json.loads(lock)["packages"]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_each_error_failure_and_outcome_has_a_sentence(locale: str) -> None:
    messages = json.loads((SOURCE / f"api/messages/{locale}.json").read_text())
    by_hand = re.findall(r'\bcode="(\w+)"', Path(error_handlers.__file__).read_text())
    codes = {error.code for error in error_handlers.STATUS_OF} | {*by_hand, *CODES_OF_THE_FRAMEWORK}
    wanted = {f"problem.{code}" for code in codes} | {f"failure.{kind}" for kind in ErrorKind}
    assert set(messages) == wanted | {f"outcome.{outcome}" for outcome in OutcomeStatus}
