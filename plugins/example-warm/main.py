"""Scores the mood of texts with a list of words: a model that is loaded once and asked many times."""

from __future__ import annotations

import re
from typing import Any

from satellite.plugin import plugin, run

WORD = re.compile(r"[a-z']+")
GOOD = "good great lovely nice fast happy calm clear bright warm kind sweet fine win love like best"
BAD = "bad awful slow broken sad angry unclear dark cold mean bitter poor lose hate dislike worst"


def load_words() -> dict[str, int]:
    """Return the weight of each known word; a real model would be read from the image here."""
    return {**dict.fromkeys(GOOD.split(), 1), **dict.fromkeys(BAD.split(), -1)}


@plugin(setup=load_words, batch=True)
def score(requests: list[dict[str, Any]], weights: dict[str, int]) -> list[dict[str, Any]]:
    """Return the mood of each text."""
    return [score_one(request["text"], weights) for request in requests]


def score_one(text: str, weights: dict[str, int]) -> dict[str, Any]:
    """Return the mean weight of the known words."""
    known = [weights[word] for word in WORD.findall(text.lower()) if word in weights]
    return {"score": round(sum(known) / len(known), 3) if known else 0.0, "words": len(known)}


if __name__ == "__main__":
    run(score)
