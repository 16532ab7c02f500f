"""The function is a plain function."""

from __future__ import annotations

import unittest

import main


class TestScore(unittest.TestCase):
    """Moods of texts."""

    def test_good_and_bad_words_are_weighed(self) -> None:
        weights = main.load_words()
        results = main.score([{"text": "Good, GOOD coffee; bad cup"}, {"text": ""}], weights)
        self.assertEqual(results, [{"score": 0.333, "words": 3}, {"score": 0.0, "words": 0}])
