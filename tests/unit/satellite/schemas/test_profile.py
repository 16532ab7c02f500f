"""Schemas are measured without compiling them: size, loops, what leads outside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satellite.schemas.checked import CheckedSchema
from satellite.schemas.limits import MOST_SIZE
from satellite.schemas.profile import measure
from tests.fixtures.schemas import addressing, anchored, doubling, unevaluated

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema"
TREE = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}


def pointers(schema: dict[str, Any]) -> list[str]:
    return [fault.pointer for fault in measure(schema).faults]


class TestSize:
    def test_each_reference_counts_what_it_refers_to(self) -> None:
        sizes = [measure(doubling(levels)).size for levels in (8, 9, 10)]

        assert sizes[2] - sizes[1] == pytest.approx(2 * (sizes[1] - sizes[0]), abs=5)

    def test_what_doubles_often_is_refused(self) -> None:
        assert pointers(doubling(19)) == [""]
        assert measure(doubling(64)).size == MOST_SIZE + 1

    def test_a_long_chain_of_references_is_no_matter(self) -> None:
        chain = {f"d{index}": {"$ref": f"#/$defs/d{index + 1}"} for index in range(5_000)}

        profile = measure({"$ref": "#/$defs/d0", "$defs": chain | {"d5000": {}}})

        assert profile.faults == ()
        assert 5_000 < profile.size < 20_000

    @given(st.integers(0, 12))
    def test_an_ordinary_schema_is_small(self, count: int) -> None:
        properties = {f"p{index}": {"type": "string", "pattern": "^[a-z]{1,20}$"} for index in range(count)}

        assert measure({"type": "object", "properties": properties}).is_small

    @pytest.mark.parametrize(
        "schema",
        [
            doubling(14),
            anchored(3),
            unevaluated(1),
            TREE,
            {"pattern": "(?=.*[A-Z])"},
            {"pattern": r"(a+)\1"},
            {"pattern": "(a{100}){100}"},
            {"patternProperties": {"(a{100}){100}": {}}},
            {"enum": [{"n": number} for number in range(2_000)]},
            {"$defs": {"unused": {"pattern": "(a{100}){100}"}}},
            {"$defs": {"a": {"$id": "a.json"}}, "$ref": "a.json"},
            {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        ],
        ids=str,
    )
    def test_what_may_cost_more_than_it_looks_is_not_small(self, schema: dict[str, Any]) -> None:
        profile = measure(schema)

        assert profile.faults == ()
        assert not profile.is_small

    def test_examples_cost_nothing(self) -> None:
        assert measure({"type": "array", "examples": [list(range(10_000))]}).is_small


class TestReferences:
    @pytest.mark.parametrize(
        "schema",
        [
            TREE,
            {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
            {"$ref": "#/components/schemas/a", "components": {"schemas": {"a": {"type": "string"}}}},
            {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": True}},
            {"$id": "https://example.com/a", "$ref": "https://example.com/a#/$defs/b", "$defs": {"b": {}}},
            {"$id": "https://example.com/a", "items": {"$ref": "https://example.com/a"}},
            {"$id": "https://example.com/x/a", "$ref": "b", "$defs": {"b": {"$id": "b"}}},
            {"$id": "urn:example:a", "items": {"$ref": "urn:example:a"}},
            {"$ref": "item.json", "$defs": {"item": {"$id": "item.json"}}},
            {"$schema": DRAFT_4, "id": "https://example.com/a", "items": {"$ref": "https://example.com/a#"}},
            {"$schema": f"{DRAFT_7}#", "definitions": {"a": {"$id": "#a"}}, "$ref": "#a"},
            {"$schema": DRAFT_7},
            {"const": {"$ref": "https://example.com"}},
            {"enum": [{"$ref": "https://example.com", "$schema": "x"}]},
            {"default": {"$ref": "file:///etc/passwd"}, "examples": [{"$ref": "other.json"}]},
            {"properties": {"$ref": {"type": "string"}, "$schema": {"type": "string"}, "$id": {}}},
            {"x-told": {"$ref": "https://example.com"}},
            {"properties": {"const": {"type": "string"}, "enum": {"type": "string"}}},
            {"const": {"$id": "https://example.com", "$anchor": "a", "$schema": "x"}},
        ],
        ids=str,
    )
    def test_inside_and_as_data_they_are_fine(self, schema: dict[str, Any]) -> None:
        assert measure(schema).faults == ()

    @pytest.mark.parametrize("named", addressing("http://127.0.0.1:1/x").items(), ids=lambda named: named[0])
    def test_whatever_leads_outside_is_refused(self, named: tuple[str, dict[str, Any]]) -> None:
        (pointer,) = pointers(named[1])

        assert pointer.endswith(("/$schema", "/$ref", "/$dynamicRef"))

    @pytest.mark.parametrize("address", ["http://[", "//[x]y"])
    def test_what_is_no_address_is_refused_with_its_place(self, address: str) -> None:
        assert pointers({"items": {"$ref": address}}) == ["/items/$ref"]
        assert pointers({"$id": address, "items": {"$ref": "a.json"}}) == ["/items/$ref"]

    @pytest.mark.parametrize("ref", ["#/$defs/none", "#/$defs", "#/title", "#/items/9", "#/items/x"])
    def test_what_leads_nowhere_is_refused(self, ref: str) -> None:
        schema = {"title": "x", "prefixItems": [{}], "items": {"$ref": ref}}

        assert pointers(schema) == ["/items/$ref"]

    @pytest.mark.parametrize(
        "schema",
        [
            {"$ref": "#"},
            {"allOf": [{"$ref": "#"}]},
            {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"anyOf": [{"$ref": "#/$defs/b"}]}}},
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}},
        ],
        ids=str,
    )
    def test_a_loop_that_takes_no_part_of_the_value_is_refused(self, schema: dict[str, Any]) -> None:
        (fault,) = measure(schema).faults

        assert "refers back to itself" in fault.message

    @pytest.mark.parametrize("draft", ["", "http://json-schema.org/schema#", "https://example.com/meta"])
    def test_a_draft_of_ones_own_is_refused_with_its_place(self, draft: str) -> None:
        assert pointers({"$schema": draft}) == ["/$schema"]
        assert pointers({"items": [{"$schema": draft}]}) == ["/items/0/$schema"]


WORDS = st.sampled_from(
    ["", "#", "#/", "#/$defs/a", "#a", "a.json", "http://[", "//[x", "urn:a", "%", "#/%zz", "~"]
)
KEYWORDS = st.sampled_from(
    [
        *("$id", "id", "$ref", "$dynamicRef", "$recursiveRef", "$schema", "$anchor", "$defs", "properties"),
        *("patternProperties", "pattern", "dependencies", "items", "allOf", "not", "enum", "const", "x-told"),
    ]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS | WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYWORDS, JUNK, max_size=5))
def test_whatever_is_called_a_schema_is_measured(schema: dict[str, Any]) -> None:
    checked = CheckedSchema(schema)

    assert checked.faults or checked.is_small or measure(schema).size
