"""The model on real rows of its data set."""

from __future__ import annotations

import unittest

import main
import wine_model
from sklearn.datasets import load_wine

from satellite.plugin import InputRefused


class TestClassify(unittest.TestCase):
    """One wine, several wines, and rows that do not fit."""

    model: wine_model.WineModel

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = wine_model.train()
        cls.wine = load_wine()

    def test_one_wine_gets_a_class_with_its_confidence(self) -> None:
        features = dict(zip(self.model.features, map(float, self.wine.data[0]), strict=True))

        result = main.classify({"features": features}, self.model)

        self.assertEqual(result["class"], "class_0")
        self.assertEqual(result["confidence"], max(result["probabilities"].values()))
        self.assertAlmostEqual(sum(result["probabilities"].values()), 1)

    def test_nearly_all_rows_of_the_data_set_are_told_right(self) -> None:
        result = main.classify({"rows": self.wine.data.tolist()}, self.model)

        expected = [str(self.wine.target_names[target]) for target in self.wine.target]
        right = sum(
            told["class"] == known for told, known in zip(result["predictions"], expected, strict=True)
        )
        self.assertGreater(right / len(expected), 0.95)

    def test_names_and_numbers_mean_the_same(self) -> None:
        numbers = [float(number) for number in self.wine.data[100]]
        named = dict(zip(self.model.features, numbers, strict=True))

        first, second = main.classify({"rows": [numbers, named]}, self.model)["predictions"]

        self.assertEqual(first, second)

    def test_metadata_tells_what_the_model_is_worth(self) -> None:
        self.assertGreater(self.model.metadata["held_out_accuracy"], 0.9)

    def test_a_row_of_the_wrong_length_is_refused(self) -> None:
        with self.assertRaisesRegex(InputRefused, "13 numbers, got 1"):
            main.classify({"rows": [[1.0]]}, self.model)
