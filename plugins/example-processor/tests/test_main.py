"""What cleaning does to a table."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import main

from satellite.plugin import InputRefused


def process_csv(text: str, **options: bool) -> dict[str, Any]:
    """Return the plugin's result for a CSV text."""
    return main.process({"csv": text, **options})


class TestProcess(unittest.TestCase):
    """Trimming, types, missing values, duplicates and statistics."""

    def test_spaces_are_trimmed_and_equal_rows_dropped(self) -> None:
        result = process_csv("name,age\n Ada ,36\nBob,41\nAda,36\n")

        self.assertEqual(result["rows"], [["Ada", 36], ["Bob", 41]])
        self.assertEqual(result["report"]["duplicates_dropped"], 1)
        self.assertEqual(result["report"]["cells_trimmed"], 1)

    def test_each_column_gets_the_narrowest_type(self) -> None:
        result = process_csv("a,b,c,d,e\nyes,1,1.5,007,\nno,2,2,008,x\n")

        kinds = [result["statistics"][name]["type"] for name in result["columns"]]
        self.assertEqual(kinds, ["boolean", "integer", "number", "text", "text"])
        self.assertEqual(result["rows"][0], [True, 1, 1.5, "007", None])

    def test_every_way_of_writing_missing_is_null(self) -> None:
        result = process_csv("x,y\nNA,1\nn/a,2\n-,3\nNaN,4\n5,5\n")

        self.assertEqual([row[0] for row in result["rows"]], [None, None, None, None, 5])
        self.assertEqual(result["statistics"]["x"]["missing"], 4)

    def test_incomplete_rows_are_dropped_on_request(self) -> None:
        result = process_csv("x,y\n1,\n2,3\n", drop_incomplete=True)

        self.assertEqual(result["rows"], [[2, 3]])

    def test_numbers_are_described(self) -> None:
        told = process_csv("x\n1\n2\n3\n6\n")["statistics"]["x"]

        self.assertEqual((told["minimum"], told["maximum"], told["mean"], told["median"]), (1, 6, 3.0, 2.5))
        self.assertAlmostEqual(told["standard_deviation"], 2.160247)

    def test_true_and_one_are_not_duplicates(self) -> None:
        result = main.process({"columns": ["x"], "rows": [[True], [1], ["a"]]})

        self.assertEqual(result["rows"], [["True"], ["1"], ["a"]])

    def test_short_rows_are_filled_up_and_long_ones_refused(self) -> None:
        self.assertEqual(process_csv("x,y\n1\n")["rows"], [[1, None]])
        with self.assertRaisesRegex(InputRefused, "row 1 has 3 cells"):
            process_csv("x,y\n1,2,3\n")

    def test_a_file_is_cleaned_into_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source, outputs = Path(folder) / "in.csv", Path(folder) / "outputs"
            outputs.mkdir()
            source.write_text("name,age,code\n Ada  L ,36,007\n\nBob,n/a,008\nBob,41,\n")
            with mock.patch.dict(os.environ, {"SATELLITE_OUTPUT_DIR": str(outputs)}):
                result = main.process({"table": str(source)})
                dropped = main.process({"table": str(source), "drop_incomplete": True})

            self.assertEqual((outputs / result["artifact"]).read_text(), "name,age,code\nAda L,36,007\n")
        self.assertEqual(result["report"]["rows_out"], 3)
        self.assertEqual(dropped["report"]["incomplete_dropped"], 2)
        self.assertEqual(
            [told["type"] for told in result["statistics"].values()], ["text", "integer", "text"]
        )
        age = result["statistics"]["age"]
        self.assertEqual((age["count"], age["missing"], age["minimum"], age["mean"]), (2, 1, 36, 38.5))

    def test_a_header_without_names_or_with_a_name_twice_is_refused(self) -> None:
        for text in ("\n\n", "x,x\n1,2\n"):
            with self.assertRaises(InputRefused):
                process_csv(text)
