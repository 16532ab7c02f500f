"""The floor of batching: the same model called in a loop, with nothing around it. Prints items per second."""

from __future__ import annotations

import json
import sys
import time

from main import Model


def main() -> None:
    """Call the model with batches of the size asked for, for as many items as asked for."""
    size, items = int(sys.argv[1]), int(sys.argv[2])
    batch = json.loads(sys.stdin.read())[:size]
    model = Model()
    for _ in range(3):
        model.classify(batch)
    began = time.perf_counter()
    for _ in range(max(1, items // size)):
        model.classify(batch)
    print(max(1, items // size) * size / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
