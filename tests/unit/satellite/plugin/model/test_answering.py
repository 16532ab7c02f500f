"""The steps of a model: what goes through them, and what a bad request costs the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from satellite.plugin import InputRefused
from satellite.plugin.model import BaseModel
from satellite.plugin.model.answering import Steps
from satellite.plugin.model.base import BatchModel


class Scaled(BaseModel):
    """As users write models: no configuration but where it is wanted."""

    def preprocess(self, data: Any) -> list[float]:
        return [float(number) for number in data]

    def predict(self, data: list[float], config: dict[str, Any]) -> list[float]:
        if not data:
            raise RuntimeError("nothing to scale")
        return [number * config.get("factor", 2) for number in data]

    def postprocess(self, predictions: list[float]) -> dict[str, Any]:
        return {"predictions": predictions}


class Counted(BatchModel):
    """Says how many it was asked for at once."""

    def preprocess(self, data: Any) -> int:
        return int(data)

    def predict_batch(self, batch: Sequence[int]) -> list[Any]:
        return [ValueError("unlucky") if number == 13 else [number, len(batch)] for number in batch]


def test_a_request_goes_through_all_steps() -> None:
    assert Steps.of(Scaled()).answer_all([{"data": [1, 2]}]) == [{"predictions": [2.0, 4.0]}]


def test_configuration_is_given_to_the_step_that_takes_it() -> None:
    request = {"data": [1], "config": {"factor": 10}}
    assert Steps.of(Scaled()).answer_all([request]) == [{"predictions": [10.0]}]


@pytest.mark.parametrize("request_", [7, {}, {"config": {}}, {"data": ["seven"]}])
def test_a_bad_request_is_refused_alone(request_: Any) -> None:
    first, bad, last = Steps.of(Scaled()).answer_all([{"data": [1]}, request_, {"data": [3]}])
    assert isinstance(bad, InputRefused)
    assert [first, last] == [{"predictions": [2.0]}, {"predictions": [6.0]}]


def test_what_fails_in_predict_is_no_refusal() -> None:
    (answer,) = Steps.of(Scaled()).answer_all([{"data": []}])
    assert isinstance(answer, RuntimeError)


def test_a_batch_is_predicted_in_one_call_without_what_was_refused() -> None:
    requests = [{"data": 1}, {"data": "x"}, {"data": 13}, {"data": 4}]
    first, refused, failed, last = Steps.of(Counted()).answer_all(requests)
    assert [first, last] == [[1, 3], [4, 3]]
    assert isinstance(refused, InputRefused)
    assert isinstance(failed, ValueError)


def test_nothing_is_predicted_for_a_batch_that_was_refused() -> None:
    assert len(Steps.of(Counted()).answer_all([{"data": "x"}])) == 1
