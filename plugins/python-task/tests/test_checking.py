"""What is no Python is told without being run."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import checking
import main

COMPILER = "import json, os, sys\nfor code in json.load(sys.stdin):\n    {}\n    print('null', flush=True)\n"
ENDED = "it ends the compiler: it is nested too deeply"


def check(*codes: str) -> list[dict[str, Any]]:
    """Return the faults of snippets that are named by their places."""
    snippets = [{"task": str(place), "code": code} for place, code in enumerate(codes)]
    return main.answer({"action": "check", "snippets": snippets}, None)["faults"]


class TestCheck(unittest.TestCase):
    """Faults, and snippets that are too much for the compiler."""

    def test_a_fault_has_line_and_column_from_one(self) -> None:
        self.assertEqual(
            check("x = 1", "x = 1\ny = = 2", "return 3"),
            [
                {"task": "1", "line": 2, "column": 5, "message": "invalid syntax"},
                {"task": "2", "line": 1, "column": 1, "message": "'return' outside function"},
            ],
        )
        self.assertEqual(check(), [])

    def test_nothing_is_run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check(f"open({folder + '/ran'!r}, 'w').close()"), [])
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_what_is_nested_too_deeply_is_a_fault_of_its_own(self) -> None:
        told = check(
            "x = 1", "-" * 100_000 + "1", "a" + ".a" * 100_000, "(" * 5_000, "f(" * 90 + ")" * 90, "x ="
        )
        self.assertEqual([fault["task"] for fault in told], ["1", "2", "3", "5"])
        self.assertEqual(told[0]["message"], "it is nested too deeply")

    def test_what_no_source_may_hold_is_a_fault(self) -> None:
        self.assertEqual([fault["line"] for fault in check("a\0b", "'\ud800'")], [None, None])

    def test_a_snippet_that_ends_the_compiler_is_named_and_the_others_are_checked(self) -> None:
        with self.compiler("if code == 'x': os.abort()"):
            self.assertEqual(
                check("a", "x", "b", "x"),
                [{"task": place, "line": None, "column": None, "message": ENDED} for place in ("1", "3")],
            )

    def test_a_snippet_that_keeps_the_compiler_busy_is_named(self) -> None:
        with self.compiler("while code == 'x': pass"), mock.patch.object(checking, "COMPILED_WITHIN_S", 0.5):
            told = check("a", "x", "b")
        self.assertEqual(
            [(fault["task"], fault["message"]) for fault in told],
            [("1", "it could not be compiled within 0.5 s")],
        )

    def compiler(self, doing: str) -> Any:
        """Put a compiler in place that does something to each snippet."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = Path(folder.name) / "compiling.py"
        program.write_text(COMPILER.format(doing))
        return mock.patch.object(checking, "COMPILER", program)
