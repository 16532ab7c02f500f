"""Versions of models on a worker: fetched once, whole or not at all, and not for ever."""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from analysis_server.execution.files.file_server import FileServer
from analysis_server.execution.files.model_store import KEPT, KEPT_S, ModelStore
from analysis_server.execution.files.transfers import TransferDamaged, TransferFailed, TransferStopped
from analysis_server.runtimes.port import ModelFolder
from satellite.contracts.model_version import GrantedModel
from satellite.contracts.outcome import ErrorKind
from tests.unit.analysis_server.execution.test_attempt import Worker
from tests.unit.analysis_server.execution.test_file_server import CONTENT, KEY, Answers, answers, file_of

__all__ = ["answers"]


@pytest.fixture
def store(answers: Answers, tmp_path: Path) -> ModelStore:
    return ModelStore(FileServer(answers.url, patience_s=5), tmp_path / "models")


def model(digest: str = "d1") -> GrantedModel:
    files = [file_of(name=name) for name in ("model.onnx", "golden.json")]
    return GrantedModel(name="doubler", version=3, digest=digest, files=files)


def get(store: ModelStore, wanted: GrantedModel, *, stopped: bool = False) -> ModelFolder:
    return store.get(KEY, wanted, is_stopped=lambda: stopped)


def test_a_version_is_fetched_once_however_many_ask(store: ModelStore, answers: Answers) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: get(store, model()), range(8)))

    assert len(set(found)) == 1
    assert len(answers.asked) == 2
    for role, _ in found[0].files:
        file = Path(found[0].folder) / role
        assert file.read_bytes() == CONTENT
        assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert found[0].label == "doubler@3"


def test_of_one_that_is_damaged_nothing_stays(store: ModelStore, answers: Answers, tmp_path: Path) -> None:
    answers.content = b"\0" * len(CONTENT)
    with pytest.raises(TransferDamaged, match=r"Other bytes came of model\.onnx"):
        get(store, model())
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []
    answers.content = CONTENT
    assert Path(get(store, model()).folder).is_dir()


def test_the_job_that_asks_it_fails_at_once(store: ModelStore, answers: Answers, tmp_path: Path) -> None:
    answers.content = b"\0" * len(CONTENT)
    worker = Worker(tmp_path, deaths=0, models=store)
    outcome = worker.run(model=model().model_dump())

    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.IMAGE
    assert outcome.error.message.startswith("The model doubler@3 is damaged in the storage: ")


def test_whoever_is_stopped_waits_no_longer(store: ModelStore, answers: Answers) -> None:
    answers.script = [(503, 0)] * 9
    with pytest.raises(TransferStopped):
        get(store, model(), stopped=True)


def test_a_worker_that_knows_no_server_says_so(tmp_path: Path) -> None:
    with pytest.raises(TransferFailed, match="SATELLITE_WORKER_API_URL"):
        get(ModelStore(None, tmp_path), model())


def test_what_nobody_has_asked_of_late_goes(store: ModelStore, tmp_path: Path) -> None:
    long_ago = time.time() - 2 * KEPT_S
    for number in range(KEPT + 2):
        folder = Path(get(store, model(f"old{number}")).folder)
        os.utime(folder, (long_ago + number, long_ago + number))
    get(store, model("new"))

    left = {path.name for path in (tmp_path / "models").iterdir() if path.is_dir()}
    assert len(left) == KEPT
    assert {"new", f"old{KEPT + 1}"} <= left
    assert "old0" not in left
