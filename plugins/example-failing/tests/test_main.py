"""The ways that can be tried inside one process; the others are tried from outside, in `tests/plugins`."""

from __future__ import annotations

import unittest

import main

from satellite.plugin import InputRefused


class TestFail(unittest.TestCase):
    """Each way does what the README says."""

    def test_ok_succeeds(self) -> None:
        self.assertEqual(main.fail({"how": "ok"}), {"how": "ok", "note": "nothing failed"})

    def test_exit_ends_with_the_code_asked_for(self) -> None:
        with self.assertRaises(SystemExit) as ended:
            main.fail({"how": "exit", "code": 7})

        self.assertEqual(ended.exception.code, 7)

    def test_refuse_refuses(self) -> None:
        with self.assertRaisesRegex(InputRefused, "too blue"):
            main.fail({"how": "refuse", "message": "too blue"})

    def test_sleep_sleeps(self) -> None:
        self.assertEqual(main.fail({"how": "sleep", "seconds": 0.01})["how"], "sleep")

    def test_huge_output_is_too_large_for_an_answer(self) -> None:
        self.assertGreater(len(main.fail({"how": "huge_output"})["note"]), 1_000_000)
