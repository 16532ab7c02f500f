"""No code asks an engine for files of containers: such calls have led to the machine's own."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_CALLS = re.compile(
    r"\b(?:get_archive|put_archive)\b"
    # The same by other doors: the address itself, the command line, and what exports a whole container.
    r"|/archive\b|\bdocker\s+(?:cp|export)\b|[\"']cp[\"']|client\.(?:api\.)?export\("
)


def test_no_call_for_files_of_a_container() -> None:
    sources = ROOT.glob("*/src/**/*.py")
    found = [f"{path}: {hit[0]}" for path in sources for hit in FILE_CALLS.finditer(path.read_text())]
    assert not found


def test_such_calls_are_found() -> None:
    for line in ("client.get_archive(x)", "url = f'/containers/{x}/archive'", '["docker", "cp", a, b]'):
        assert FILE_CALLS.search(line)
