"""Every number among the settings has a range, so that no process starts with one it cannot live with."""

from __future__ import annotations

from typing import Any

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tests.architecture.test_settings_are_documented import GROUPS

NUMBERS: list[Any] = [
    pytest.param(field, id=f"{group.__name__}.{name}")
    for group in GROUPS
    for name, field in group.model_fields.items()
    if field.annotation in {int, float, int | None, float | None}
]


@pytest.mark.parametrize("field", NUMBERS)
def test_both_ends_are_known(field: FieldInfo) -> None:
    kinds = {type(each) for each in field.metadata}

    assert kinds & {Ge, Gt}
    assert kinds & {Le, Lt}


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e308", "-1", str(2**64), "much", "true"])
def test_what_is_beyond_is_refused(field: FieldInfo, value: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())

    with pytest.raises(ValidationError):
        adapter.validate_python(value)
