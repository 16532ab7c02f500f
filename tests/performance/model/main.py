"""Classifies token lists with a dense network of fixed random weights: as costly as a trained one.

Its weights (200 MB) do not fit into a processor's cache, so a single call takes as long as reading them
once. A batch reads them once for all its items, which is what batching gains in real models too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from satellite.plugin import plugin, run

TOKENS = 2_000
WIDTH = 4_096
LAYERS = 3
CLASSES = 16


class Model:
    """The weights; equal in every process, because the seed is fixed."""

    def __init__(self) -> None:
        random = np.random.default_rng(7)
        scale = np.float32((2 / WIDTH) ** 0.5)
        self.embedding = random.standard_normal((TOKENS, WIDTH), dtype=np.float32)
        shapes = [(WIDTH, WIDTH)] * LAYERS + [(WIDTH, CLASSES)]
        *self.layers, self.head = (random.standard_normal(each, dtype=np.float32) * scale for each in shapes)

    def classify(self, token_lists: list[list[int]]) -> list[tuple[int, float]]:
        """Return the best class of each token list and its score."""
        activations = np.stack([self.embedding[tokens].mean(axis=0) for tokens in token_lists])
        for layer in self.layers:
            activations = np.maximum(activations @ layer, 0)
        scores = activations @ self.head
        best = scores.argmax(axis=1)
        return [(int(winner), float(row[winner])) for winner, row in zip(best, scores, strict=True)]


@plugin(setup=Model, batch=True)
def classify(requests: list[dict[str, Any]], model: Model) -> list[dict[str, Any]]:
    """Return class and score of each request."""
    answers = model.classify([request["tokens"] for request in requests])
    return [{"class": winner, "score": round(score, 4)} for winner, score in answers]


if __name__ == "__main__":
    run(classify)
