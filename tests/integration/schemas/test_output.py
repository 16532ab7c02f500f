"""A plugin's answer against its output schema, as a worker checks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from analysis_server.runtimes.run import answer
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest
from tests.fixtures.schemas import addressing, counting_socket, doubling


@pytest.fixture(autouse=True)
def schemas(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    fresh = answer.OutputSchemas()
    monkeypatch.setattr(answer, "SCHEMAS", fresh)
    yield
    fresh.close()


def fault_of(schema: dict[str, Any], value: Any) -> JobError | None:
    manifest = PluginManifest(
        name="adder", version="1", docker_image="python", input_schema={}, output_schema=schema
    )
    return answer.find_fault(
        orjson.dumps(value), manifest=manifest, digest=manifest.digest(), max_bytes=2_000_000
    )


def told(schema: dict[str, Any], value: Any) -> str:
    fault = fault_of(schema, value)
    assert fault is not None
    assert fault.kind is ErrorKind.OUTPUT
    return fault.message


def test_an_answer_that_fits_has_no_fault() -> None:
    tree = {"properties": {"n": {"type": "integer"}, "children": {"items": {"$ref": "#"}}}}

    assert fault_of({"type": "object"}, {}) is None
    assert fault_of(tree, {"children": [{"n": 1}]}) is None


def test_violations_are_told_with_their_pointers() -> None:
    message = told({"items": {"type": "integer"}}, [1, *"abcdefg"])

    assert 'breaks the output schema: /1: "a" is not of type "integer"; /2: ' in message
    assert "; and more. It begins with" in message
    assert "/6" not in message


def test_a_large_answer_is_told_its_first_violation() -> None:
    assert "/0: " in told({"items": {"type": "integer"}}, ["x"] * 200_000)


def test_a_format_is_asserted_without_a_draft() -> None:
    assert "date" in told({"format": "date"}, "25.11.2026")


def test_nothing_is_opened() -> None:
    with counting_socket() as counting:
        for schema in addressing(counting.url).values():
            assert "The output schema of the plugin cannot be used: " in told(schema, {"a": 1})
        assert counting.connections == 0


def test_an_old_schema_that_amounts_to_too_much_is_not_used() -> None:
    assert "1,000,000 values" in told(doubling(19), 1)


def test_an_answer_that_takes_too_long_is_a_fault_of_the_output() -> None:
    message = told({"pattern": "(?=.*[A-Z]).*$"}, "a" * 300_000)

    assert "cannot be checked: by the output schema of the plugin it needs more than 2 s" in message
    assert fault_of({"type": "string"}, "a") is None
