"""The model that comes with the plugin, and requests that do not fit it."""

from __future__ import annotations

import unittest
from pathlib import Path

import main

from satellite.plugin.model import BaseModel

EXAMPLE = Path(__file__).parents[1] / "example"


class TestOnnxModel(unittest.TestCase):
    """What goes in and comes out."""

    model: BaseModel

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = main.OnnxModel(EXAMPLE)
        cls.model.load()

    def answer(self, data: object) -> object:
        return self.model.postprocess(self.model.predict(self.model.preprocess(data)))

    def test_one_input_may_go_without_its_name(self) -> None:
        self.assertEqual(self.answer([1, 2.5]), [2.0, 5.0])
        self.assertEqual(self.answer({"x": [1, 2.5]}), [2.0, 5.0])
        self.assertEqual(self.answer([]), [])

    def test_without_a_version_nothing_is_answered(self) -> None:
        with self.assertRaisesRegex(ValueError, "no version to load"):
            main.OnnxModel()

    def test_what_does_not_fit_is_refused_with_its_place(self) -> None:
        refused = {
            "/data must be numbers": ["one", [[1], [1, 2]]],
            "/data must have the shape": [1, [[1.0]]],
            "/data holds what is no finite number": [[1e300], [None]],
            "/data must be an object of x": [{"y": [1]}],
        }
        for told, requests in refused.items():
            for data in requests:
                with self.subTest(data=data), self.assertRaisesRegex(ValueError, told):
                    self.answer(data)
