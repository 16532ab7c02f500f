"""Progress as the SDK writes it and as clients are told of it."""

from __future__ import annotations

import math
import re

import pytest

from analysis_server.execution.progress_event import progress_data
from satellite.plugin import report_metrics


def test_metrics_reach_the_event_as_numbers(capfd: pytest.CaptureFixture[str]) -> None:
    report_metrics(0.4, step=200, loss=0.3125)
    report_metrics(0.5, step=250, loss=math.nan)
    written = re.findall(r"^::progress (\S+) (.*)$", capfd.readouterr().err, re.MULTILINE)

    assert [progress_data(float(fraction), message) for fraction, message in written] == [
        {"fraction": 0.4, "message": "step 200, loss 0.3125", "metrics": {"step": 200, "loss": 0.3125}},
        {"fraction": 0.5, "message": "step 250, loss nan", "metrics": {"step": 250, "loss": None}},
    ]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "half way",
        "{",
        '{"a": "x"}',
        '{"a": true}',
        "{}",
        '{"a": [1]}',
        '{"a": 1e999}',
        f'{{"a": 1{"0" * 400}}}',
    ],
)
def test_other_words_are_told_as_they_are(message: str) -> None:
    assert progress_data(0.5, message) == {"fraction": 0.5, "message": message}


def test_more_than_a_line_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 200"):
        report_metrics(0.5, **{f"metric_{number}": 1.0 for number in range(30)})
