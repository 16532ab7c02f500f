"""The one rule of JSON text, and that all which it lets in can be carried by everybody."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from satellite.contracts.json_text import (
    JSON_BYTES_MAX,
    JSON_LEVELS_MAX,
    JSONMalformed,
    JSONRefused,
    parse_json,
    write_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + "1" * (opening != "[") + closing * levels


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = write_json(value)
    assert parse_json(text) == value == json.loads(text)
    assert repr(parse_json(json.dumps(value))) == repr(value)


@given(st.text('[]{},:"\\ 01eE+-.nultrueNaN\n', max_size=12))
def test_it_takes_what_python_takes_and_nothing_else(text: str) -> None:
    try:
        taken = parse_json(text)
    except JSONRefused:
        with pytest.raises(ValueError):
            json.loads(text, parse_constant=_refuse, parse_float=_finite)
    else:
        assert taken == json.loads(text)


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    return float(digits) if abs(float(digits)) < float("inf") else _refuse(digits)


@pytest.mark.parametrize("number", [2**63, 2**64, 2**64 + 1, -(2**63) - 1, -(2**200), 10**4_000])
def test_whole_numbers_are_kept_exactly(number: int) -> None:
    assert parse_json(str(number)) == number
    assert write_json({"n": number}) == f'{{"n":{number}}}'


@pytest.mark.parametrize(
    ("text", "pointer", "words"),
    [
        (r'{"a": ["x\u0000"]}', "/a/0", "U+0000"),
        (r'{"a": {"b\u0000": 1}}', "/a", "U+0000"),
        (r'{"a": "\u0000", "a": 1}', "", "U+0000"),
        (r'["\\\u0000"]', "/0", "U+0000"),
        ('{"a/b": [1, -1e400]}', "/a~1b/1", "too large a number"),
        ("1" + "0" * 400 + ".5", "", "too large a number"),
        ("1" + "0" * 290 + "E+99", "", "too large a number"),
        ('{"a": [NaN]}', "/a/0", "not a number that JSON has"),
        ("-Infinity", "", "not a number that JSON has"),
        ("9" * 4_301, "", "too many digits"),
        (r'"\ud800"', "", "not valid JSON"),
        (r'"\udc00\ud800"', "", "surrogate"),
        ('"\ud800"', "", "half a surrogate pair"),
        ('"' + "x" * JSON_BYTES_MAX + '"', "", f"at most {JSON_BYTES_MAX} are taken"),
        ("1],[2", "", "trailing characters"),
        ("]", "", "expected value"),
        ("", "", "EOF"),
        ("[1] 2", "", "trailing characters"),
    ],
)  # fmt: skip
def test_what_is_refused_has_its_place_and_reason(text: str, pointer: str, words: str) -> None:
    with pytest.raises(JSONRefused) as refused:
        parse_json(text)
    assert (refused.value.pointer, words in refused.value.reason) == (pointer, True)


@pytest.mark.parametrize(
    "text", ["0e000", '"1e999"', r'"\\u0000 \\\\u0000"', "1E-400", "1e+308", "0." + "1" * 5_000, "1e00099"]
)
def test_what_only_looks_like_it_is_taken(text: str) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_the_limit_of_depth_is_exact(brackets: tuple[str, str]) -> None:
    each = brackets[0].count("[") + brackets[0].count("{")
    text = nested(JSON_LEVELS_MAX // each, *brackets)
    assert orjson.loads(text) == parse_json(text)
    assert parse_json(f"[{text}]", envelope_levels=1) == [parse_json(text)]
    for too_deep in (f"[{text}]", nested(200, *brackets), nested(254, *brackets), nested(5_000, *brackets)):
        with pytest.raises(JSONRefused, match="is nested deeper than 128 levels"):
            parse_json(too_deep)
    with pytest.raises(JSONRefused) as refused:
        parse_json(f"[[{text}]]", envelope_levels=1)
    assert refused.value.pointer.startswith("/0/0/")


def test_everybody_can_carry_the_deepest_and_the_largest() -> None:
    deepest = parse_json(nested(JSON_LEVELS_MAX))
    around = [{"jobs": [{"input_data": deepest}]}]
    assert orjson.loads(orjson.dumps(around)) == json.loads(json.dumps(around)) == around
    assert TypeAdapter(list[Any]).validate_json(TypeAdapter(list[Any]).dump_json(around)) == around
    assert jsonschema_rs.validator_for({}).is_valid(around)
    assert not jsonschema_rs.validator_for({"maximum": 2**64}).is_valid(2**64 + 1)
    assert jsonschema_rs.validator_for({"const": 2**64 + 1}).is_valid(2**64 + 1)


@pytest.mark.parametrize("value", [object(), [{"a": "\ud800"}], "x" * JSON_BYTES_MAX])
def test_what_cannot_be_written_is_refused(value: Any) -> None:
    with pytest.raises(JSONRefused):
        write_json(value)


def test_malformed_is_a_kind_of_refused() -> None:
    assert issubclass(JSONMalformed, JSONRefused)
