"""Runs a snippet of Python as a step of a workflow, or tells whether snippets are Python."""

from __future__ import annotations

import gc
import importlib

# Here and not in `load_libraries`: the SDK sends log records to the log where logging is imported by then.
import logging  # noqa: F401
from typing import Any

from checking import check
from messages import CheckSnippets, read_request
from snippet import run_snippet

from satellite.plugin import plugin, run

LIBRARIES = (
    "numpy", "pandas", "sklearn.cluster", "sklearn.compose", "sklearn.datasets", "sklearn.ensemble",
    "sklearn.feature_extraction", "sklearn.feature_selection", "sklearn.linear_model", "sklearn.metrics",
    "sklearn.model_selection", "sklearn.naive_bayes", "sklearn.neighbors", "sklearn.neural_network",
    "sklearn.pipeline", "sklearn.preprocessing", "sklearn.svm", "sklearn.tree",
)  # fmt: skip
"""What a plugin on standby has imported before its snippet comes."""


def load_libraries() -> None:
    """Import what most snippets import, so that it costs them nothing."""
    for name in LIBRARIES:
        importlib.import_module(name)
    # Not looked through again: at the end alone that took 0.3 s, and takes 0.03 s so (2026-11-30).
    gc.freeze()


@plugin(setup=load_libraries)
def answer(request: Any, _: None) -> dict[str, Any]:
    """Run a snippet (`action` `run`), or check several (`check`)."""
    message = read_request(request)
    return check(message) if isinstance(message, CheckSnippets) else run_snippet(message)


if __name__ == "__main__":
    run(answer)
