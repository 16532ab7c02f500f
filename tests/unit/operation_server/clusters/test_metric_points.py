"""How what people write into `metrics.json` becomes series."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operation_server.clusters.reporting import metric_points
from operation_server.clusters.reporting.metric_points import points_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


def plain(document: Any, before: Any = None, *, at_s: float = 1) -> dict[str, list[list[float]]]:
    found = points_of(json.dumps(document), before or {}, at_s=at_s)
    return {name: [point[:2] for point in points] for name, points in found.items()}


@pytest.mark.parametrize(
    ("document", "series"),
    [
        ({"loss": 0.5, "note": "x", "done": True}, {"loss": [[0, 0.5]]}),
        ({"epoch": 3, "loss": 0.5}, {"loss": [[3, 0.5]]}),
        ({"loss": [0.5, 0.4], "lr": 1}, {"loss": [[0, 0.5], [1, 0.4]], "lr": [[0, 1]]}),
        ({"train": {"loss": 0.5}, "step": 2}, {"train.loss": [[2, 0.5]]}),
        ([{"loss": 1}, {"loss": 2, "step": 9}], {"loss": [[0, 1], [9, 2]]}),
        ([], {}),
        ("text", {}),
        ({"big": 10**400}, {}),
    ],
)
def test_the_usual_forms_are_read(document: Any, series: dict[str, Any]) -> None:
    assert plain(document) == series


def test_snapshots_add_up_and_repeated_ones_change_nothing() -> None:
    first = points_of('{"loss": 0.5}', {}, at_s=1)
    assert points_of('{"loss": 0.5}', first, at_s=2) in ({}, first)
    second = points_of('{"loss": 0.4}', first, at_s=3)
    assert second == {"loss": [[0, 0.5, 1], [1, 0.4, 3]]}
    whole = points_of('{"loss": [0.5, 0.4]}', {}, at_s=1)
    assert points_of('{"loss": [0.5, 0.4, 0.3]}', whole, at_s=2)["loss"] == [
        [0, 0.5, 1],
        [1, 0.4, 1],
        [2, 0.3, 2],
    ]


def test_there_is_an_end_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_points, "POINTS_MAX", 10)
    monkeypatch.setattr(metric_points, "SERIES_MAX", 2)
    found = plain({"a": list(range(100)), "b": 1, "c": 2})
    assert len(found) == 2
    assert len(found["a"]) <= 10
    assert found["a"][-1] == [99, 99]


@given(VALUES)
def test_nothing_that_is_written_there_harms(document: Any) -> None:
    for text in (json.dumps(document), str(document)):
        for points in points_of(text, {}, at_s=1).values():
            assert points == sorted(points, key=lambda point: point[0])
            json.dumps(points, allow_nan=False)
