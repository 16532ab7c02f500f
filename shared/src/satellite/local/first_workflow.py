"""The first workflow of a fresh stack: the example that stands beside the plugins."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from satellite.authoring.workflow_folder import read_workflow
from satellite.client import Run, SatelliteClient
from satellite.contracts.python_task import PYTHON_TASK
from satellite.local.plugin_folders import MANIFEST

EXAMPLE: Final = "two-steps"
RUN_TIMEOUT_S: Final = 300
"""A worker without a container engine installs what snippets import before it runs the first one."""


def run_first_workflow(client: SatelliteClient, plugin_dirs: Sequence[Path]) -> Run | None:
    """Run the example, which is made once; None where there is none, or nothing that runs its snippets.

    Raises:
        SatelliteError: it cannot be made, or did not end in time.
    """
    folder = _find_example(plugin_dirs)
    if folder is None:
        return None
    # Under a name of its own: that of the example is free for whoever tries it by hand.
    known = client.find_workflow(EXAMPLE)
    if known is None:
        document = read_workflow(folder).document
        known = client.create_workflow({**document, "name": EXAMPLE})
    if known.deployed_version is None:
        client.deploy_workflow(known.id)
    return client.trigger(known.id, wait=True, timeout_s=RUN_TIMEOUT_S)


def result_lines(client: SatelliteClient, run: Run) -> Iterator[str]:
    """Yield a line for each task of a run, with what it has pushed."""
    pushed = client.list_xcoms(run.id).items
    for task in run.tasks or []:
        values = (f"{each.key} = {json.dumps(each.value)}" for each in pushed if each.task == task.name)
        yield f"{task.name} {task.status}: {', '.join(values) or task.reason or 'nothing pushed'}"


def _find_example(plugin_dirs: Sequence[Path]) -> Path | None:
    beside = (each for each in plugin_dirs if (each / PYTHON_TASK / MANIFEST).is_file())
    examples = (each.parent / "workflows" / EXAMPLE for each in beside)
    return next((each for each in examples if each.is_dir()), None)
