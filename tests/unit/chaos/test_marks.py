"""What the chaos plugin marks is what is read from its marks."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.chaos.marks import MarkFiles
from tests.chaos.plugins import SOURCE
from tests.chaos.submission import Submission
from tests.chaos.work import Kind


def load_plugin(monkeypatch: pytest.MonkeyPatch, marks: Path) -> ModuleType:
    monkeypatch.setenv("CHAOS_MARKS", str(marks))
    spec = importlib.util.spec_from_file_location("chaos_plugin", SOURCE / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def submission(number: int) -> Submission:
    return Submission(number=number, kind=Kind(name="any", share=1), body={}, key="k")


def request(number: int, how: str = "work") -> dict[str, object]:
    return {"number": number, "how": how, "seconds": 0}


def test_each_execution_is_read_with_its_effect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marks = MarkFiles(tmp_path / "marks")
    plugin = load_plugin(monkeypatch, marks.folder)
    [result, refusal] = plugin.work([request(1), request(2, "refuse")])
    [again] = plugin.work([request(1)])
    assert [(each.name, each.is_done) for each in marks.of(submission(1))] == [
        (result["execution"], True),
        (again["execution"], True),
    ]
    assert isinstance(refusal, Exception)
    assert [each.is_done for each in marks.of(submission(2))] == [False]
    assert marks.of(submission(3)) == []


def test_flaky_work_fails_the_first_time_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marks = MarkFiles(tmp_path / "marks")
    plugin = load_plugin(monkeypatch, marks.folder)
    [first], [second] = (plugin.work([request(4, "fail once")]) for _ in range(2))
    assert isinstance(first, RuntimeError)
    assert second["number"] == 4
    assert [each.is_done for each in marks.of(submission(4))] == [False, True]
