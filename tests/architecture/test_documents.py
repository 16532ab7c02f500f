"""Documents name only files, folders, tests and commands that there are."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
HISTORY = "CHANGELOG.md"
"""Tells of what was, moved files included."""

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"(?<![\w/:.@{<-])[\w.<>*-]+(?:/[\w.<>*-]+)*/?")
TEST = re.compile(r"\btest_\w+\b(?!\.py|/)")
COMMAND = re.compile(r"\bmake ([a-z][a-z-]*)")
FILE_ENDINGS = {".py", ".md", ".json", ".toml", ".in", ".lock", ".js", ".css", ".html", ".sh"}

MADE = (
    "build/", ".satellite/", "secrets/", "run-files/", "k8s/overlays/dev/secrets/", "plugins/word-count",
    "plugins/house-price", "my-workflows/", "my-models/",
    "result.json", "signature.json", "metrics.json", "mine",
)  # fmt: skip
"""What a command or a job makes, or a reader is told to make."""


@cache
def tracked() -> frozenset[str]:
    """Return all files of the repository, and its folders with a slash behind."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = listed.stdout.splitlines()
    return frozenset(files) | {f"{folder}/" for file in files for folder in PurePosixPath(file).parents}


def documents() -> list[str]:
    return sorted(name for name in tracked() if name.endswith(".md") and name != HISTORY)


def from_root(name: str) -> bool:
    first, slash, _ = name.partition("/")
    return bool(slash) and f"{first}/" in tracked()


def exists(name: str) -> bool:
    """Tell whether a path from the root, or the end of one, is there; `...` and `<x>` stand for anything."""
    pattern = re.sub(r"<\w+>", "*", name.replace("/.../", "/*/")).rstrip("/")
    return any(fnmatchcase(f"/{path}".rstrip("/"), f"*/{pattern}") for path in tracked())


def is_path(word: str) -> bool:
    """Tell whether a word in code means a file or folder: by its ending, or by where it begins."""
    return not word.startswith(MADE) and (
        word.endswith("/") or PurePosixPath(word).suffix in FILE_ENDINGS or from_root(word)
    )


def named_paths(text: str) -> set[str]:
    prose, fences = FENCE.sub("", text), "\n".join(FENCE.findall(text))
    # In a drawing or a listing only what begins at the root is sure to be a path of ours.
    words = {word for span in SPAN.findall(prose) for word in PATH.findall(span) if is_path(word)}
    return words | {word for word in PATH.findall(fences) if from_root(word) and is_path(word)}


@pytest.mark.parametrize("document", documents())
def test_every_path_is_there(document: str) -> None:
    missing = {name for name in named_paths((ROOT / document).read_text()) if not exists(name)}
    assert missing == set(), f"{document} names what is not there"


@pytest.mark.parametrize("document", documents())
def test_every_link_leads_somewhere(document: str) -> None:
    targets = {target.partition("#")[0] for target in LINK.findall((ROOT / document).read_text())}
    inside = {target for target in targets if target and not re.match(r"[a-z]+:", target)}
    missing = {target for target in inside if not (ROOT / document).parent.joinpath(target).exists()}
    assert missing == set()


def test_every_test_is_there() -> None:
    files = (path for path in tracked() if path.startswith(("tests/", "plugins/")) and path.endswith(".py"))
    defined = {name for path in files for name in re.findall(r"\bdef (test_\w+)", (ROOT / path).read_text())}
    named = {
        name: document for document in documents() for name in TEST.findall((ROOT / document).read_text())
    }
    assert {name: document for name, document in named.items() if name not in defined} == {}


def test_every_command_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in documents():
        text = (ROOT / document).read_text()
        code = "\n".join([*FENCE.findall(text), *SPAN.findall(FENCE.sub("", text))])
        assert set(COMMAND.findall(code)) <= targets, document


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("tests/architecture/test_documents.py", True),
        ("architecture/test_documents.py", True),
        ("tests/test_documents.py", False),
        ("tests/architecture", True),
        ("itecture/test_documents.py", False),
        ("operation-server/.../<feature>/endpoints.py", True),
        ("operation-server/.../<feature>/end.py", False),
    ],
)
def test_a_path_is_looked_for_where_it_begins(name: str, is_there: bool) -> None:
    assert exists(name) is is_there
