"""Arrays and tables come back as they were pushed, types and indexes included."""

from __future__ import annotations

import json
import unittest
from typing import Any

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal
from unfit import TooLarge, ValueUnfit
from values import decode_value, encode_value, write

INDEXES = (
    pd.RangeIndex(8, 0, -2),
    pd.Index(list("abcd"), name="k"),
    pd.Index([1.5, 2, np.nan, 4]),
    pd.Index([1, 1, 2, 2], name=("a", 1)),
    pd.Index([1, "a", None, 2.5], dtype=object),
    pd.CategoricalIndex(list("abca")),
    pd.date_range("2026", periods=4, freq="h", tz="UTC"),
    pd.DatetimeIndex(["2026", "2025", "2025", None]),
    pd.timedelta_range("1s", periods=4),
    pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["x", None]),
)
COLUMNS = {
    "int": [1, 2, 3, 4],
    "small": np.array([1, 2, 3, 255], "u1"),
    "float": [1.5, np.nan, np.inf, -0.0],
    "bool": [True, False, True, True],
    "text": ["a", None, "c\0", "d"],
    "object": pd.Series([1, "a", None, (1,)], dtype=object),
    "texts as objects": pd.Series(list("abcd"), dtype=object),
    "moments": pd.date_range("2026-01-01", periods=4),
    "moments in a zone": pd.date_range("2026-10-25", periods=4, tz="Europe/Berlin", freq="h"),
    "moments in UTC": pd.date_range("2026-01-01", periods=4, tz="UTC", unit="ms"),
    "durations": pd.to_timedelta([1, 2, None, 4], unit="s"),
    "kinds": pd.Categorical(["x", "y", None, "x"], categories=["y", "x"], ordered=True),
    "Int64": pd.array([1, None, 3, 4], dtype="Int64"),
    "UInt8": pd.array([1, None, 3, 255], dtype="UInt8"),
    "Float32": pd.array([1.5, None, 3, 4], dtype="Float32"),
    "boolean": pd.array([True, None, False, True], dtype="boolean"),
    "string": pd.array(["a", None, "c", "d"], dtype="string"),
}


def travel(value: Any) -> Any:
    """Return what a later step gets of a value."""
    return decode_value(json.loads(write(encode_value(value))))


class TestArrays(unittest.TestCase):
    """Every kind of dtype and of shape."""

    def test_arrays_come_back(self) -> None:
        for array in (
            np.arange(6).reshape(2, 3), np.array(1.5), np.zeros((0, 3)), np.array(["a", "bcd\0e"]),
            np.array(["2026-01-01", "NaT"], "M8[ns]"), np.array([3], "m8[D]"), np.array([1 + 2j]),
            np.array([True]), np.arange(6, dtype=">i2")[::2], np.asfortranarray(np.eye(3)), np.array([b"a"]),
            np.empty(0, "U0"), np.float16([1.5]), np.array([[None, "a"], [3, (1, 2)]], object),
        ):  # fmt: skip
            with self.subTest(array=array):
                back = travel(array)
                np.testing.assert_array_equal(back, array)
                self.assertEqual((back.dtype, back.shape), (array.dtype, array.shape))
                self.assertTrue(back.flags.writeable)

    def test_numbers_become_plain(self) -> None:
        for number in (
            np.float64(1.5),
            np.float32(0.1),
            np.int8(3),
            np.uint64(2**64 - 1),
            np.bool_(1),
            np.str_("a"),
        ):
            with self.subTest(number=number):
                self.assertEqual((travel(number), type(travel(number))), (number, type(number.item())))

    def test_moments_come_back(self) -> None:
        for moment in (np.datetime64("2026-01-01T00:00:00.123456789"), np.timedelta64(5, "D")):
            self.assertEqual((travel(moment), travel(moment).dtype), (moment, moment.dtype))
        for stamp in (
            pd.Timestamp("2026-01-01T00:00:00.123456789", tz="Asia/Seoul"), pd.Timestamp("2026-01-01"),
            pd.Timestamp("2026-01-01T00:00+09:00"), pd.Timedelta("1s"),
        ):  # fmt: skip
            back = travel(stamp)
            self.assertEqual((back, back.unit, type(back)), (stamp, stamp.unit, type(stamp)))
        self.assertEqual([travel(pd.NaT), travel(pd.NA)].count(None), 0)
        self.assertTrue(travel(pd.NaT) is pd.NaT and travel(pd.NA) is pd.NA)

    def test_what_is_too_large_is_refused_before_it_is_copied(self) -> None:
        whole = np.broadcast_to(np.zeros(1), (10**12,))
        for value in (whole, np.broadcast_to(np.array([None], object), (10**12,))):
            with self.assertRaises(TooLarge):
                encode_value(value)

    def test_what_has_fields_or_no_exact_form_is_refused(self) -> None:
        for value in (np.zeros(1, "i4,f8"), np.ma.array([1]), np.longdouble(1), np.complex128(1)):
            with self.subTest(value=value), self.assertRaises(ValueUnfit):
                encode_value(value)


class TestTables(unittest.TestCase):
    """Every type of column under every kind of index."""

    def test_frames_and_their_indexes_come_back(self) -> None:
        for index in INDEXES:
            with self.subTest(index=index):
                frame = pd.DataFrame(COLUMNS).set_axis(index)
                assert_frame_equal(travel(frame), frame)
                assert_index_equal(travel(index), index, exact=True)

    def test_series_come_back(self) -> None:
        frame = pd.DataFrame(COLUMNS)
        for name in frame:
            with self.subTest(name=name):
                assert_series_equal(travel(frame[name]), frame[name])

    def test_frames_of_unusual_shapes_come_back(self) -> None:
        for frame in (
            pd.DataFrame(), pd.DataFrame(index=[1, 2]), pd.DataFrame(columns=["a", "b"]),
            pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[1, 2.5]], columns=[0, ("a", None)]),
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])),
        ):  # fmt: skip
            with self.subTest(frame=frame):
                assert_frame_equal(travel(frame), frame)

    def test_random_frames_come_back(self) -> None:
        random = np.random.default_rng(20261130)
        kinds = ["i1", "u2", "i8", "f4", "f8", "M8[ns]", "m8[us]"]
        for _ in range(50):
            rows = int(random.integers(0, 20))
            names = random.permutation(len(kinds))[: int(random.integers(1, len(kinds)))]
            bits = {
                kinds[name]: np.frombuffer(random.bytes(rows * np.dtype(kinds[name]).itemsize), kinds[name])
                for name in names
            }
            frame = pd.DataFrame({**bits, "bool": random.random(rows) > 0.5}, index=random.random(rows))
            assert_frame_equal(travel(frame), frame)

    def test_a_column_that_cannot_travel_is_named(self) -> None:
        frame = pd.DataFrame({"ok": [1], "when": pd.period_range("2026", periods=1, freq="M")})
        with self.assertRaises(ValueUnfit) as refused:
            encode_value({"table": frame})
        self.assertRegex(
            refused.exception.told(), r"^at table/when: a column of the type period\[M\] cannot travel"
        )
