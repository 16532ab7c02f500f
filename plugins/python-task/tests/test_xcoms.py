"""Values are pulled as users of Airflow know it, and what cannot travel is refused where it is pushed."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from messages import PulledTask, RunSnippet, TaskContext, ValueFile
from pushed import PushedValues
from task_instance import TaskInstance

from .asked import CONTEXT

ONE = [PulledTask({"return_value": {"$type": "tuple", "value": [1, 2]}, "none": None})]
ITEMS = [
    PulledTask({"return_value": "c"}, map_index=2),
    PulledTask({"return_value": "a"}, map_index=0),
    PulledTask({"other": 1}, map_index=1),
]


def instance(**xcoms: list[PulledTask]) -> TaskInstance:
    """Return a step with these before it."""
    return TaskInstance(RunSnippet("", TaskContext(**CONTEXT), xcoms), PushedValues())


class TestPull(unittest.TestCase):
    """One task, several tasks, mapped tasks."""

    def setUp(self) -> None:
        self.ti = instance(one=ONE, items=ITEMS, empty=[])

    def test_one_task_gives_its_value_or_the_default(self) -> None:
        self.assertEqual(self.ti.xcom_pull(task_ids="one"), (1, 2))
        self.assertIsNone(self.ti.xcom_pull(task_ids="one", key="absent"))
        self.assertEqual(self.ti.xcom_pull("one", key="absent", default=3), 3)
        self.assertIsNone(self.ti.xcom_pull("one", key="none", default=3))
        self.assertIsNone(self.ti.xcom_pull("empty"))

    def test_a_mapped_task_gives_a_list_in_the_order_of_its_items(self) -> None:
        self.assertEqual(self.ti.xcom_pull("items"), ["a", "c"])
        self.assertEqual(self.ti.xcom_pull("items", map_indexes=2), "c")
        self.assertIsNone(self.ti.xcom_pull("items", map_indexes=1))
        self.assertEqual(self.ti.xcom_pull("items", map_indexes=[2, 1, 0]), ["c", None, "a"])

    def test_several_tasks_give_a_list_in_the_order_asked(self) -> None:
        self.assertEqual(self.ti.xcom_pull(["items", "one"]), ["a", "c", (1, 2)])
        self.assertEqual(self.ti.xcom_pull(["empty", "one"]), [None, (1, 2)])
        self.assertEqual(self.ti.xcom_pull(("one",)), [(1, 2)])

    def test_whoever_changes_a_value_changes_it_for_nobody_else(self) -> None:
        ti = instance(one=[PulledTask({"return_value": [1]})])
        ti.xcom_pull("one").append(2)
        self.assertEqual(ti.xcom_pull("one"), [1])

    def test_what_is_not_before_it_is_refused_with_those_that_are(self) -> None:
        with self.assertRaisesRegex(LookupError, "'later' is not before 'train'; .* are: empty, items, one"):
            self.ti.xcom_pull("later")
        with self.assertRaisesRegex(LookupError, "no task is before it"):
            instance().xcom_pull(["later"])

    def test_no_task_is_refused_with_what_to_write(self) -> None:
        with self.assertRaisesRegex(TypeError, r"ti.xcom_pull\(task_ids=…, key='k'\); .* empty, items, one"):
            self.ti.xcom_pull(key="k")

    def test_a_key_in_the_place_of_the_workflow_is_told(self) -> None:
        self.assertEqual(self.ti.xcom_pull("one", "workflow_3"), (1, 2))
        with self.assertRaisesRegex(LookupError, "'k' is not this workflow; a key is given as `key=`"):
            self.ti.xcom_pull("one", "k")


class TestPullOfFiles(unittest.TestCase):
    """What is too large for the input lies in files, and is pulled the same."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def file(self, name: str, content: Any) -> str:
        place = self.folder / name
        place.write_text(json.dumps(content))
        return str(place)

    def instance(self, xcoms: dict[str, list[PulledTask]], **more: Any) -> TaskInstance:
        return TaskInstance(RunSnippet("", TaskContext(**CONTEXT), xcoms, **more), PushedValues())

    def test_a_value_in_a_file(self) -> None:
        path = self.file("t", {"$type": "tuple", "value": [1, 2]})
        ti = self.instance({"one": ONE}, value_files=[ValueFile("one", "table", path)])
        self.assertEqual(ti.xcom_pull("one", key="table"), (1, 2))
        self.assertEqual(ti.xcom_pull("one"), (1, 2))
        self.assertEqual(ti.xcom_pull("one", key="absent", default=3), 3)

    def test_values_of_items_in_files(self) -> None:
        path = self.file("b", "b")
        ti = self.instance(
            {"items": ITEMS}, value_files=[ValueFile("items", "return_value", path, map_index=1)]
        )
        self.assertEqual(ti.xcom_pull("items"), ["a", "b", "c"])
        self.assertEqual(ti.xcom_pull("items", map_indexes=1), "b")

    def test_all_that_a_task_has_pushed_in_a_file(self) -> None:
        items = [{"map_index": 1, "values": {"return_value": "b"}}, {"map_index": 0, "values": {"n": 1}}]
        one = [{"map_index": None, "values": {"return_value": 5}}]
        ti = self.instance(
            {"items": [], "one": [], "none": []},
            xcom_files={"items": self.file("i", items), "one": self.file("o", one)},
        )
        self.assertEqual(ti.xcom_pull("items"), ["b"])
        self.assertEqual(ti.xcom_pull(["one", "items", "none"]), [5, "b", None])

    def test_a_task_mapped_over_nothing_gives_an_empty_list(self) -> None:
        ti = self.instance({"items": [], "one": []}, mapped=["items"])
        self.assertEqual(ti.xcom_pull("items"), [])
        self.assertIsNone(ti.xcom_pull("one"))


class TestPushOfFiles(unittest.TestCase):
    """What is too large for the answer becomes files of the output folder."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        with mock.patch.dict(os.environ, {"SATELLITE_OUTPUT_DIR": str(self.folder)}):
            self.pushed = PushedValues()

    def test_a_large_value_is_a_file_of_its_text(self) -> None:
        value = list(range(800_000))
        self.pushed.push("table", value)
        self.pushed.push("small", (1,))

        answer = self.pushed.as_json()

        place = self.folder / "xcoms/table.json"
        size = place.stat().st_size
        self.assertEqual(answer["files"], {"table": {"name": "xcoms/table.json", "size_bytes": size}})
        self.assertEqual(answer["xcoms"], {"small": {"$type": "tuple", "value": [1]}})
        self.assertGreater(size, 5_000_000)
        self.assertEqual(json.loads(place.read_text()), value)

    def test_what_does_not_go_into_the_answer_any_more_is_a_file(self) -> None:
        for key in "abcd":
            self.pushed.push(key, "x" * 250_000)
        answer = self.pushed.as_json()
        self.assertEqual((list(answer["xcoms"]), list(answer["files"])), (["a", "b", "c"], ["d"]))
        self.assertLess(len(json.dumps(answer)), 1_000_000)

    def test_a_later_value_takes_the_place_of_a_file_and_a_file_of_a_value(self) -> None:
        self.pushed.push("k", "x" * 300_000)
        self.pushed.push("k", 1)
        self.assertEqual(self.pushed.as_json(), {"xcoms": {"k": 1}})
        self.assertEqual(list(self.folder.rglob("*.json")), [])
        self.pushed.push("k", "y" * 300_000)
        self.assertEqual(self.pushed.as_json()["xcoms"], {})
        self.assertEqual((self.folder / "xcoms/k.json").read_text(), '"' + "y" * 300_000 + '"')

    def test_keys_that_are_no_names_are_numbered(self) -> None:
        for key in ("../up", "a/b", "ü"):
            self.pushed.push(key, "x" * 300_000)
        names = [each["name"] for each in self.pushed.as_json()["files"].values()]
        self.assertEqual(names, ["xcoms/1.json", "xcoms/2.json", "xcoms/3.json"])

    def test_a_file_of_the_snippet_stays_as_it_is(self) -> None:
        (self.folder / "xcoms").mkdir()
        (self.folder / "xcoms/k.json").write_text("mine")
        with self.assertRaisesRegex(ValueError, "xcom 'k': xcoms/k.json in .* is there already"):
            self.pushed.push("k", "x" * 300_000)
        self.assertEqual((self.folder / "xcoms/k.json").read_text(), "mine")


class TestPush(unittest.TestCase):
    """Limits hold at once, and a later value takes the place of an earlier one."""

    def setUp(self) -> None:
        with mock.patch.dict(os.environ):
            os.environ.pop("SATELLITE_OUTPUT_DIR", None)
            self.pushed = PushedValues()

    def refused(self, kind: type[Exception], told: str, value: Any, key: str = "k") -> None:
        with self.assertRaisesRegex(kind, told):
            self.pushed.push(key, value)
        self.assertNotIn(key, self.pushed.as_json()["xcoms"])

    def test_a_value_travels_as_it_was_when_it_was_pushed(self) -> None:
        value = [1]
        self.pushed.push("k", value)
        value.append(2)
        self.assertEqual(self.pushed.as_json(), {"xcoms": {"k": [1]}})

    def test_without_files_a_value_may_have_256_kib_and_not_a_byte_more(self) -> None:
        self.pushed.push("k", "x" * (262_144 - 2))
        self.refused(
            ValueError, "^xcom 'big' has 262,145 bytes, .* no files are kept .* 262,144", "x" * 262_143, "big"
        )

    def test_a_value_may_have_64_mib_and_four_million_parts(self) -> None:
        told = "^xcom 'k2' has 80,000,000 bytes; a value may have 67,108,864"
        self.refused(ValueError, told, bytes(80_000_000), "k2")
        self.refused(ValueError, "bytes or 4,000,000 parts", [0] * 10_000_000, "k3")

    def test_without_files_a_step_may_have_a_megabyte(self) -> None:
        for key in "abc":
            self.pushed.push(key, "x" * 250_000)
        self.refused(ValueError, "^xcom 'd' has 250,002 bytes, .* a step 1,000,000", "x" * 250_000, "d")
        self.pushed.push("a", 1)
        self.pushed.push("d", "x" * 250_000)

    def test_shared_parts_are_not_written_for_ever(self) -> None:
        value: list[Any] = [0]
        for _ in range(90):
            value = [value, value]
        self.refused(ValueError, "4,000,000 parts", value)

    def test_depth_has_a_limit(self) -> None:
        value: list[Any] = []
        for _ in range(99):
            value = [value]
        self.pushed.push("deep", value)
        self.refused(TypeError, "nested deeper than 100 levels", [value])
        value.append(value)
        self.refused(TypeError, "nested deeper than 100 levels", value)

    def test_types_that_do_not_travel_are_named_with_what_to_do(self) -> None:
        from sklearn.linear_model import LinearRegression  # noqa: PLC0415 - only here.

        self.refused(
            TypeError,
            r"^xcom 'model': a LinearRegression cannot travel between steps; push .* \$SATELLITE_OUTPUT_DIR",
            LinearRegression(),
            "model",
        )
        self.refused(TypeError, "^xcom 'k': at a/1: an object cannot travel", {"a": [1, object()]})
        self.refused(
            TypeError, r"a generator cannot travel between steps; push `list\(…\)` of it", (i for i in "a")
        )

    def test_keys_are_texts_that_can_be_read(self) -> None:
        self.refused(TypeError, "the key of an xcom is a text", 1, key=3)  # type: ignore[arg-type]
        for key in ("", "a\0", "x" * 251):
            self.refused(ValueError, "1 to 250 characters", 1, key=key)
