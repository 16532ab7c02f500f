"""Writes down what the present release sends: `python -m tests.contract.wire.record`, once for each release.

What was released is never written again; for the release before the first the files may be.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.contract.wire.samples import SAMPLES, names

GOLDEN = Path(__file__).parent / "golden"


def release() -> str:
    """The present release, as far as its wire goes: 0.1 of 0.1.7."""
    return ".".join(version("satellite").split(".")[:2])


def write(folder: Path, name: str, content: Any) -> None:
    (folder / f"{name}.json").write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def main() -> None:
    """Write an example and the schema of every message, and the names."""
    folder = GOLDEN / release()
    folder.mkdir(parents=True, exist_ok=True)
    for model, sample in SAMPLES.items():
        message = model.model_validate(sample)
        write(folder, model.__name__, message.model_dump(mode="json"))
        write(folder, f"{model.__name__}.schema", model.model_json_schema())
    write(folder, "names", names())


if __name__ == "__main__":
    main()
