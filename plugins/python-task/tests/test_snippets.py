"""Snippets run as they are written, and their errors are told by their authors' lines."""

from __future__ import annotations

import contextlib
import io
import os
import unittest
from typing import Any
from unittest import mock

import main

from satellite.plugin import InputRefused

from .asked import run_request


def run(code: str, xcoms: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
    """Return what a snippet pushes."""
    return main.answer(run_request(code, xcoms, **context), None)["xcoms"]


def fail(code: str, xcoms: dict[str, Any] | None = None) -> list[str]:
    """Return the lines that tell of a snippet's failure."""
    told = io.StringIO()
    with mock.patch("sys.__stderr__", told), contextlib.suppress(SystemExit):
        raise AssertionError(run(code, xcoms))
    return told.getvalue().splitlines()


class TestRun(unittest.TestCase):
    """What a snippet finds and what becomes of what it returns."""

    def test_what_main_returns_is_the_return_value(self) -> None:
        self.assertEqual(run("def main(context):\n    return context['params']['rows']"), {"return_value": 5})
        self.assertEqual(run("def main():\n    return 6"), {"return_value": 6})
        self.assertEqual(run("def main():\n    pass"), {})

    def test_a_main_of_others_is_not_called(self) -> None:
        self.assertEqual(run("from unittest import main"), {})

    def test_main_is_called_once_though_it_is_guarded(self) -> None:
        code = "calls = []\ndef main():\n    calls.append(1)\n    return len(calls)\n"
        self.assertEqual(run(f"{code}if __name__ == '__main__':\n    main()"), {"return_value": 1})

    def test_the_context_has_the_names_of_airflow(self) -> None:
        told = run(
            "for name in ('ds', 'ds_nodash', 'ts', 'ts_nodash', 'logical_date', 'run_id', 'map_index'):\n"
            "    context['ti'].xcom_push(name, str(context[name]))\n"
            "run, ti = context['dag_run'], context['task_instance']\n"
            "def main(context):\n"
            "    assert context['data_interval_start'] < context['data_interval_end']\n"
            "    assert run.logical_date is context['logical_date']\n"
            "    return [run.run_id, run.conf, ti.task_id, ti.dag_id, ti.run_id, ti.map_index]\n"
        )
        self.assertEqual(told.pop("return_value"), [17, {"rows": 5}, "train", "workflow_3", 17, -1])
        self.assertEqual(
            told,
            {
                "ds": "2026-11-30", "ds_nodash": "20261130", "ts": "2026-11-30T00:30:00+00:00",
                "ts_nodash": "20261130T003000", "logical_date": "2026-11-30 00:30:00+00:00",
                "run_id": "17", "map_index": "-1",
            },
        )  # fmt: skip

    def test_the_attempt_is_what_the_worker_has_written(self) -> None:
        request = run_request("def main(context):\n    return context['ti'].try_number")
        self.assertEqual(main.answer({**request, "attempt": 2}, None)["xcoms"], {"return_value": 2})
        self.assertEqual(main.answer(request, None)["xcoms"], {})

    def test_an_item_is_what_an_earlier_step_has_pushed(self) -> None:
        code = "def main(context):\n    return [type(context['item']).__name__, context['map_index']]"
        item = {"$type": "tuple", "value": [1]}
        self.assertEqual(run(code, item=item, map_index=3), {"return_value": ["tuple", 3]})
        self.assertEqual(run(code, item={"$type": "car"}, map_index=0), {"return_value": ["dict", 0]})

    def test_classes_and_functions_are_found_by_their_module(self) -> None:
        code = (
            "from __future__ import annotations\nimport dataclasses, pickle\n"
            "@dataclasses.dataclass\nclass Point:\n    x: int\n"
            "def main():\n    return pickle.loads(pickle.dumps(Point(3))).x\n"
        )
        self.assertEqual(run(code), {"return_value": 3})

    def test_our_own_future_imports_are_not_the_snippets(self) -> None:
        code = "def f(x: int): pass\ndef main():\n    return f.__annotations__['x'] is int"
        self.assertEqual(run(code), {"return_value": True})

    def test_an_exit_with_zero_is_an_end(self) -> None:
        code = "import sys\ncontext['ti'].xcom_push(key='a', value=1)\nsys.exit({})"
        self.assertEqual(run(code.format(0)), {"a": 1})
        self.assertEqual(run(code.format("")), {"a": 1})

    def test_a_copy_that_a_snippet_forgets_does_not_answer(self) -> None:
        code = "import os\ncopy = os.fork()\nif copy:\n    assert os.waitpid(copy, 0)[1] == 0"
        self.assertEqual((run(code), os.getpid()), ({}, os.getpid()))


class TestFailures(unittest.TestCase):
    """The last line is what the job is told, and what stands before it is the author's."""

    def test_a_traceback_shows_the_authors_lines_only(self) -> None:
        self.assertEqual(
            fail("def divide(x):\n    return x / 0\n\ndef main(context):\n    divide(1)"),
            [
                "Traceback (most recent call last):",
                '  File "<task train>", line 5, in main',
                "    divide(1)",
                '  File "<task train>", line 2, in divide',
                "    return x / 0",
                "           ~~^~~",
                "ZeroDivisionError: division by zero  (line 2)",
            ],
        )

    def test_frames_of_ours_are_cut_at_both_ends_and_in_causes(self) -> None:
        pull = "ti = context['ti']\ntry:\n    ti.xcom_pull('x')\n"
        code = f"{pull}except LookupError as error:\n    raise OSError('no') from error"
        told = fail(code)
        self.assertEqual(told[-1], "OSError: no  (line 5)")
        self.assertEqual({line.split(",")[0] for line in told if "File" in line}, {'  File "<task train>"'})

    def test_a_syntax_error_says_where(self) -> None:
        self.assertEqual(fail("x = 1\ny = = 2")[-1], "SyntaxError: invalid syntax  (line 2, column 5)")

    def test_an_error_of_a_library_is_told_by_the_line_that_called_it(self) -> None:
        told = fail("import json\n\njson.loads('{')")
        self.assertTrue(told[-1].startswith("JSONDecodeError: Expecting property name"))
        self.assertTrue(told[-1].endswith("(line 3)"))

    def test_exit_codes_and_texts_are_told(self) -> None:
        self.assertEqual(fail("raise SystemExit(3)")[-1], "SystemExit: 3  (line 1)")
        self.assertEqual(fail("raise SystemExit('why')")[-1], "SystemExit: why  (line 1)")
        self.assertEqual(fail("raise KeyboardInterrupt")[-1], "KeyboardInterrupt  (line 1)")

    def test_a_long_text_is_shortened_and_ends_the_step(self) -> None:
        told = fail("raise ValueError('x' * 5_000_000)")
        self.assertLess(sum(map(len, told)), 10_000)
        self.assertRegex(told[-1], r"^ValueError: x{300}… \(5,000,000 characters\)  \(line 1\)$")

    def test_an_exception_that_cannot_tell_of_itself_is_told(self) -> None:
        code = "class Mute(Exception):\n    def __str__(self):\n        raise OSError\nraise Mute"
        self.assertEqual(fail(code)[-1], "Mute: <its text cannot be made>  (line 4)")

    def test_a_group_is_told_with_its_parts(self) -> None:
        told = fail("raise ExceptionGroup('several', [OSError('a'), ValueError('b')])")
        self.assertEqual(told[-1], "ExceptionGroup: several (2 sub-exceptions)  (line 1)")
        self.assertIn("    | OSError: a", told)

    def test_lines_count_as_the_compiler_counts_them(self) -> None:
        told = fail("text = 'a\\x0cb'\r\n# \x0c\u2028\r\nraise OSError")
        self.assertEqual((told[-2], told[-1]), ("    raise OSError", "OSError  (line 3)"))


class TestRequests(unittest.TestCase):
    """What is no request is refused."""

    def test_what_does_not_fit_is_named(self) -> None:
        good = run_request("")
        cases = {
            "/action: must be": {**good, "action": "walk"},
            ": has no code": {name: part for name, part in good.items() if name != "code"},
            "/code: must be text": {**good, "code": 1},
            "/context: must be an object": {**good, "context": None},
            "/context/run_id: must be a whole number": run_request("", run_id="x"),
            "/context/logical_date: must be a time": run_request("", logical_date="soon"),
            "/xcoms/a: must be a list": run_request("", {"a": {}}),
            "/xcoms/a: has no values": run_request("", {"a": [{}]}),
            "/snippets: must be a list": {"action": "check"},
        }
        for told, request in cases.items():
            with self.subTest(told), self.assertRaisesRegex(InputRefused, f"^{told}"):
                main.answer(request, None)

    def test_more_than_is_known_is_ignored(self) -> None:
        request = run_request("", {"a": [{"values": {}, "newer": 1}]}, newer=1)
        self.assertEqual(main.answer({**request, "newer": 1}, None), {"xcoms": {}})
