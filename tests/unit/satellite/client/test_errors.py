"""What a refusal of the server says to people."""

from __future__ import annotations

import httpx
import pytest

from satellite.client.errors import error_of

FAULT = {"pointer": "/input_data/n", "message": "'x' is no number"}


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("The input is wrong.", "The input is wrong. (/input_data/n: 'x' is no number)"),
        ("Wrong: /input_data/n: 'x' is no number", "Wrong: /input_data/n: 'x' is no number"),
    ],
)
def test_each_fault_is_told_once(detail: str, told: str) -> None:
    problem = {"status": 422, "code": "input_invalid", "detail": detail, "errors": [FAULT]}

    assert str(error_of(httpx.Response(422, json=problem))) == told
