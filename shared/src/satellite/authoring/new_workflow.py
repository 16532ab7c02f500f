"""The folder of a new workflow, which runs as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from satellite.authoring.new_plugin import FolderTaken
from satellite.authoring.workflow_text import write_yaml

WORKFLOW_FILE: Final = "workflow.yaml"

WORKFLOW: Final = """\
description: Makes a table, and fits a line to it.
params:
  rows: 50
tasks:
  - name: make_table
    file: make_table.py
  - name: fit_line
    file: fit_line.py
    dependencies: [make_table]
    retry_count: 2
    retry_delay: 5
"""
MAKE_TABLE: Final = """\
import numpy as np
import pandas as pd


def main(context):
    x = np.arange(context["params"]["rows"])
    table = pd.DataFrame({"x": x, "y": 3 * x + 1})
    print(f"{len(table)} rows")
    return table
"""
FIT_LINE: Final = """\
from sklearn.linear_model import LinearRegression


def main(context):
    table = context["ti"].xcom_pull(task_ids="make_table")
    model = LinearRegression().fit(table[["x"]], table["y"])
    print(f"y = {model.coef_[0]:.2f} x + {model.intercept_:.2f}")
    return float(model.coef_[0])
"""
FILES: Final = {WORKFLOW_FILE: WORKFLOW, "make_table.py": MAKE_TABLE, "fit_line.py": FIT_LINE}


def make_workflow(folder: Path) -> list[Path]:
    """Make the folder of a workflow that is called as the folder is, and return its files.

    Raises:
        FolderTaken: the folder is not empty.
        OSError: it cannot be written.
    """
    if folder.exists() and next(folder.iterdir(), None) is not None:
        raise FolderTaken(f"{folder} is not empty.")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in FILES.items():
        (folder / file).write_text(text)
    # Any folder has a name that YAML can say, some only in quotes.
    (folder / WORKFLOW_FILE).write_text(write_yaml({"name": folder.absolute().name}) + WORKFLOW)
    return [folder / file for file in FILES]
