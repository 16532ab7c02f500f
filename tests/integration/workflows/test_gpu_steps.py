"""Steps that are GPU jobs: they are placed by what their input needs, like those of every other door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from operation_server.workflows.transitions import AdvanceParts
from satellite.contracts.gpu_job import GPU_JOB
from satellite.contracts.workflow import Task, TaskKind
from tests.integration.workflows import played_run
from tests.integration.workflows.played_run import Player


@pytest.fixture
def player(blocking_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """Plays runs whose plugin tasks are GPU jobs."""
    monkeypatch.setattr(played_run, "ECHO", GPU_JOB)
    parts = AdvanceParts()
    yield Player(blocking_engine, parts)
    parts.close()


def begin(player: Player, **given: Any) -> int:
    task = Task(name="train", kind=TaskKind.PLUGIN, plugin_name=GPU_JOB, input=given)
    run_id = player.begin(player.deploy(task, params={"cards": 3}))
    player.advance()
    return run_id


def test_a_step_requires_what_its_input_needs(player: Player) -> None:
    begin(player, command=["true"], gpus="${{ params.cards }}", disk_mib=500)
    [job] = player.rows("SELECT requires FROM jobs WHERE plugin_name = 'gpu-job'")
    assert job.requires == {"cluster": {"gpus": 3, "disk_mib": 500}}


def test_what_is_no_gpu_job_fails_its_step(player: Player) -> None:
    run_id = begin(player, command=["true"], environment={"LD_PRELOAD": "x"})
    assert player.rows("SELECT 1 FROM jobs WHERE plugin_name = 'gpu-job'") == []
    assert "LD_PRELOAD is a variable of the job itself" in str(player.steps(run_id, "train")[0])
