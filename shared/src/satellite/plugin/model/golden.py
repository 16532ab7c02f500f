"""Golden examples: what a model answered when it was trained, and must answer wherever it is loaded."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from satellite.plugin.model.answering import Steps
from satellite.plugin.model.errors import GoldenExampleMissed

FILE = "golden.json"
"""Of a model's files: [{"input": {"data": …}, "output": …}, …]."""
RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""How far numbers may be off: engines add in different orders on different processors."""


def check_golden_examples(steps: Steps, files: Path | None) -> int:
    """Let a model answer its golden examples, and return how many there are.

    Raises:
        GoldenExampleMissed: an answer is another one.
    """
    file = None if files is None else files / FILE
    if file is None or not file.is_file():
        return 0
    examples = json.loads(file.read_bytes())
    answers = steps.answer_all([example["input"] for example in examples])
    for number, (example, answer) in enumerate(zip(examples, answers), start=1):
        fault = _difference(example["output"], answer, "")
        if fault is not None:
            raise GoldenExampleMissed(f"golden example {number} of {len(examples)}: {fault}")
    return len(examples)


def _difference(wanted: Any, found: Any, place: str) -> str | None:
    """Return where and how an answer is another one, or None."""
    if isinstance(wanted, dict) and isinstance(found, dict) and wanted.keys() == found.keys():
        parts = [(f"{place}/{key}", wanted[key], found[key]) for key in wanted]
    elif isinstance(wanted, list) and isinstance(found, (list, tuple)) and len(wanted) == len(found):
        parts = [(f"{place}/{index}", *pair) for index, pair in enumerate(zip(wanted, found))]
    elif _is_same(wanted, found):
        return None
    else:
        return f"{place or 'it'} should be {wanted!r:.200} and is {found!r:.200}"
    return next(filter(None, (_difference(each, other, at) for at, each, other in parts)), None)


def _is_same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return math.isclose(wanted, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(wanted == found)
