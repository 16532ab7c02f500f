"""Servers and workers of two releases side by side: each reads what the other sends.

`golden/<release>` holds what that release sent. The present one reads all of it and loses nothing, and sends
nothing that the release before would refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel

from analysis_server.reporting.spool import Spool
from satellite.contracts.message import Message
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.testing import manifest_of
from tests.contract.wire.record import GOLDEN, release
from tests.contract.wire.samples import KEY, SAMPLES, messages, names

BY_NAME = {model.__name__: model for model in SAMPLES}
RELEASES = sorted(GOLDEN.iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])
BEFORE = RELEASES[-2:]
"""The release before and the present one, if that was written down already."""


def golden() -> Iterator[Path]:
    for folder in BEFORE:
        yield from (file for file in sorted(folder.glob("*.json")) if file.stem in BY_NAME)


def schemas() -> Iterator[Path]:
    for folder in BEFORE:
        yield from sorted(folder.glob("*.schema.json"))


def is_within(older: Any, newer: Any) -> bool:
    """Tell whether all that `older` says is in `newer`, which may say more."""
    if isinstance(older, dict) and isinstance(newer, dict):
        return all(key in newer and is_within(value, newer[key]) for key, value in older.items())
    if isinstance(older, list) and isinstance(newer, list):
        return len(older) == len(newer) and all(map(is_within, older, newer))
    return bool(older == newer)


def test_every_message_has_a_complete_example() -> None:
    assert set(messages()) == set(SAMPLES)
    for model, sample in SAMPLES.items():
        assert model.model_validate(sample).model_fields_set == set(model.model_fields), model


@pytest.mark.parametrize("file", list(golden()), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_was_sent_is_read_and_nothing_of_it_is_lost(file: Path) -> None:
    sent = json.loads(file.read_text())
    read = BY_NAME[file.stem].model_validate(sent).model_dump(mode="json")
    assert is_within(sent, read), "a field was renamed, removed, or means something else"


@pytest.mark.parametrize("file", list(schemas()), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_is_sent_now_is_read_by_the_release_before(file: Path) -> None:
    model = BY_NAME[file.name.removesuffix(".schema.json")]
    sent = model.model_validate(SAMPLES[model]).model_dump(mode="json")
    if model is PluginManifest:
        # An older worker refuses what it does not know of a plugin, which may be a demand. A plugin that
        # demands nothing new must say nothing new.
        sent = manifest_of().model_dump(mode="json")
    schema = json.loads(file.read_text())
    faults = [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(sent)]
    assert faults == []
    assert new_values(schema, model.model_json_schema()) == []


def new_values(older: dict[str, Any], newer: dict[str, Any]) -> list[str]:
    """Values of enumerations that the release before does not know, and so refuses with all around them."""
    known = {name: set(part["enum"]) for name, part in older.get("$defs", {}).items() if "enum" in part}
    return [
        f"{name}: {value}"
        for name, part in newer.get("$defs", {}).items()
        for value in part.get("enum", [])
        if name in known and value not in known[name]
    ]


@pytest.mark.parametrize(
    "model", [model for model in SAMPLES if issubclass(model, Message)], ids=lambda each: each.__name__
)
def test_what_a_newer_release_adds_is_let_pass(model: type[BaseModel]) -> None:
    added = {**SAMPLES[model], "of_a_coming_release": {"x": 1}}
    assert model.model_validate(added) == model.model_validate(SAMPLES[model])


@pytest.mark.parametrize("folder", BEFORE, ids=lambda folder: folder.name)
def test_both_sides_call_things_the_same(folder: Path) -> None:
    assert is_within(json.loads((folder / "names.json").read_text()), names())


def test_the_present_release_is_written_down() -> None:
    assert RELEASES[-1].name == release()


def test_an_outcome_that_the_release_before_has_spooled_is_sent(tmp_path: Path) -> None:
    record = {
        "task": "satellite.jobs.apply_outcome",
        "queue": "satellite.results",
        "id": "x",
        "body": "[[{}],{},{}]",
    }
    (tmp_path / f"{KEY.job_id}-{KEY.attempt}-{KEY.uid}.json").write_text(json.dumps(record))
    spool = Spool(tmp_path)

    assert list(spool.keys()) == [KEY]
    message = spool.get(KEY)
    assert message is not None
    assert (message.task, message.queue, message.body) == (
        record["task"],
        record["queue"],
        record["body"].encode(),
    )


@pytest.mark.parametrize(
    ("older", "newer", "fits"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": {"b": None}}, {"a": {"b": None, "c": 1}}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": 1}, {"a": "1"}, False),
    ],
)
def test_a_loss_is_seen(older: dict[str, Any], newer: dict[str, Any], fits: bool) -> None:
    assert is_within(older, newer) is fits
