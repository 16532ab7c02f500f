"""Tensors and the JSON of models."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_server.inference.errors import InputInvalid
from analysis_server.inference.tensors import InferRequest, RequestedOutput, to_request, to_tensors

PAIR = [
    {"name": "left", "datatype": "INT64", "shape": [-1, 2]},
    {"name": "right", "datatype": "BYTES", "shape": [1]},
]


def asked(*inputs: dict[str, Any]) -> InferRequest:
    return InferRequest.model_validate({"inputs": inputs})


def tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_data_may_be_flat_or_nested(data: list[Any]) -> None:
    request = to_request(
        asked(tensor("left", "INT64", [2, 2], data), tensor("right", "BYTES", [1], ["x"])), PAIR
    )
    assert request == {"data": {"left": [[1, 2], [3, 4]], "right": "x"}}


def test_a_model_that_says_nothing_takes_any() -> None:
    assert to_request(asked(tensor("data", "BOOL", [0], [])), []) == {"data": []}


def test_each_fault_is_told() -> None:
    with pytest.raises(InputInvalid) as refused:
        to_request(asked(tensor("left", "INT64", [1, 2], [1, 2**63])), PAIR)
    assert [each.pointer for each in refused.value.violations] == ["/inputs", "/inputs/0/data/1"]


@pytest.mark.parametrize(
    ("value", "shape", "datatype"),
    [
        ([[1, 2], [3, 4]], [2, 2], "INT64"),
        ([1, 2.5], [2], "FP64"),
        (True, [1], "BOOL"),
        ("text", [1], "BYTES"),
        ([], [0], "BOOL"),
    ],
)
def test_answers_become_tensors(value: Any, shape: list[int], datatype: str) -> None:
    (told,) = to_tensors({"answer": value, "other": 1}, [RequestedOutput(name="answer")])
    assert (told["shape"], told["datatype"]) == (shape, datatype)
