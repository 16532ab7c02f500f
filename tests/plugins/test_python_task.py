"""`python-task` is what `satellite.contracts.python_task` says, and values that travel come back exactly."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import importlib
import json
import math
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from satellite.contracts import python_task as contract
from satellite.contracts.json_text import parse_json
from satellite.contracts.workflow import CODE_CHARS_MAX
from tests.plugins.environment import PluginEnvironment
from tests.plugins.folders import REPOSITORY_ROOT, read_manifest

FOLDER = REPOSITORY_ROOT / "plugins/python-task"
MANIFEST = read_manifest(FOLDER)
INPUT, OUTPUT = MANIFEST["input_schema"], MANIFEST["output_schema"]
MODULES = ("messages", "values", "unfit", "task_instance", "pushed")

CONTEXT = contract.TaskContext(
    task_id="train",
    map_index=3,
    item=None,
    dag_id="workflow_3",
    workflow="pipeline",
    run_id=17,
    params={},
    logical_date="2026-11-30T00:00:00+00:00",
    data_interval_start="2026-11-29T00:00:00+00:00",
    data_interval_end="2026-11-30T00:00:00+00:00",
)
CHECK = contract.CheckSnippets(snippets=[contract.SnippetToCheck(task="a", code="x =")])


def run(code: str, **xcoms: Any) -> contract.RunSnippet:
    return contract.RunSnippet(code=code, context=CONTEXT, xcoms=xcoms)


@pytest.fixture(scope="module")
def plugin() -> Iterator[SimpleNamespace]:
    """The plugin's own modules, which are nobody else's."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


@pytest.fixture(scope="module")
def environment(environment_of: Callable[[Path], PluginEnvironment]) -> PluginEnvironment:
    return environment_of(FOLDER)


@pytest.mark.parametrize(
    "name", ["RunSnippet", "TaskContext", "PulledTask", "ValueFile", "CheckSnippets", "SnippetToCheck"]
)
def test_the_plugin_reads_the_fields_of_the_contract(plugin: SimpleNamespace, name: str) -> None:
    fields = {field.name: field for field in dataclasses.fields(getattr(plugin.messages, name))}
    stated = {key: field for key, field in getattr(contract, name).model_fields.items() if key != "action"}

    assert fields.keys() == stated.keys()
    optional = {
        key
        for key, field in fields.items()
        if (field.default, field.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
    }
    assert optional == {key for key, field in stated.items() if not field.is_required()}


def test_the_schemas_have_the_fields_of_the_contract() -> None:
    pulled = INPUT["properties"]["xcoms"]["additionalProperties"]["items"]
    snippet = INPUT["properties"]["snippets"]["items"]
    fault = OUTPUT["properties"]["faults"]["items"]
    stated = {
        contract.TaskContext: INPUT["properties"]["context"],
        contract.PulledTask: pulled,
        contract.ValueFile: INPUT["properties"]["value_files"]["items"],
        contract.StoredValue: OUTPUT["properties"]["files"]["additionalProperties"],
        contract.SnippetToCheck: snippet,
        contract.SnippetFault: fault,
    }

    for message, schema in stated.items():
        assert schema["properties"].keys() == message.model_fields.keys()
        required = {name for name, field in message.model_fields.items() if field.is_required()}
        assert set(schema["required"]) == required
    asked = contract.RunSnippet.model_fields.keys() | contract.CheckSnippets.model_fields.keys()
    answered = contract.SnippetRan.model_fields.keys() | contract.SnippetsChecked.model_fields.keys()
    assert INPUT["properties"].keys() == asked
    assert OUTPUT["properties"].keys() == answered


def test_numbers_and_names_are_those_of_the_contract(plugin: SimpleNamespace) -> None:
    assert MANIFEST["name"] == contract.PYTHON_TASK
    assert plugin.task_instance.RETURN_VALUE == contract.RETURN_VALUE
    for name in ("INLINE_BYTES_MAX", "VALUE_BYTES_MAX", "VALUE_LEVELS_MAX", "STEP_BYTES_MAX"):
        assert getattr(plugin.unfit, name) == getattr(contract, name)
    for code in (INPUT["properties"]["code"], INPUT["properties"]["snippets"]["items"]["properties"]["code"]):
        assert code["maxLength"] == CODE_CHARS_MAX


@pytest.mark.parametrize("message", [run("", a=[contract.PulledTask(values={"k": 1})]), CHECK])
def test_messages_of_the_contract_are_taken(
    plugin: SimpleNamespace, message: contract.RunSnippet | contract.CheckSnippets
) -> None:
    jsonschema_rs.validator_for(INPUT).validate(message.model_dump(mode="json"))

    read = plugin.messages.read_request(message.model_dump(mode="json"))

    assert type(read).__name__ == type(message).__name__


@pytest.mark.parametrize(
    "request_",
    [{}, {"action": "walk"}, {"action": "run", "code": ""}, {"action": "check", "snippets": [{"task": "a"}]}],
)
def test_other_messages_are_refused_by_schema_and_plugin(plugin: SimpleNamespace, request_: Any) -> None:
    assert not jsonschema_rs.validator_for(INPUT).is_valid(request_)
    with pytest.raises(Exception, match=r"must be|has no"):
        plugin.messages.read_request(request_)


def test_answers_are_messages_of_the_contract(environment: PluginEnvironment) -> None:
    ran = environment.run(run("context['ti'].xcom_push('shape', (3, 2))").model_dump_json().encode())
    checked = environment.run(CHECK.model_dump_json().encode())

    assert contract.SnippetRan.model_validate_json(ran.stdout, extra="forbid").xcoms == {
        "shape": {"$type": "tuple", "value": [3, 2]}
    }
    [fault] = contract.SnippetsChecked.model_validate_json(checked.stdout, extra="forbid").faults
    assert (fault.task, fault.line, fault.column) == ("a", 1, 4)


def test_a_message_that_is_none_is_refused_as_input(environment: PluginEnvironment) -> None:
    done = environment.run(b'{"action": "run"}')

    assert done.returncode == 64
    assert done.stderr == b"::input-refused /xcoms: must be an object\n"


def test_what_is_printed_is_the_log_and_what_fails_answers_nothing(environment: PluginEnvironment) -> None:
    code = (
        "import ctypes, logging, os, subprocess, sys\n"
        "print('printed')\nos.write(1, b'written\\n')\nsubprocess.run(['echo', 'of a child'])\n"
        "libc = ctypes.CDLL(None)\nlibc.puts(b'from C')\nlibc.fflush(None)\n"
        "logging.getLogger('me').info('logged')\nprint('told', file=sys.stderr)\n"
        "context['ti'].xcom_push('before', 1)\n"
        "{}"
    )
    well = environment.run(run(code.format("")).model_dump_json().encode())
    badly = environment.run(run(code.format("1 / 0")).model_dump_json().encode())

    lines = ["printed", "written", "of a child", "from C", "INFO me: logged", "told"]
    assert (well.stdout, well.stderr.decode().splitlines()) == (b'{"xcoms":{"before":1}}\n', lines)
    assert (badly.returncode, badly.stdout) == (1, b"")
    assert badly.stderr.decode().splitlines() == [
        *lines,
        "Traceback (most recent call last):",
        '  File "<task train>", line 11, in <module>',
        "    1 / 0",
        "    ~~^~~",
        "ZeroDivisionError: division by zero  (line 11)",
    ]


def test_the_libraries_are_there_before_the_input_is(environment: PluginEnvironment) -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import numpy, pandas\n"
        "from sklearn.linear_model import LinearRegression\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.model_selection import train_test_split\n"
        "def main():\n    return sorted(set(sys.modules) - before)\n"
    )

    done = environment.run(run(code).model_dump_json().encode())

    assert json.loads(done.stdout) == {"xcoms": {"return_value": []}}


def test_the_deepest_value_still_goes_into_a_later_step(plugin: SimpleNamespace) -> None:
    value: Any = []
    for _ in range(contract.VALUE_LEVELS_MAX - 1):
        value = [value]
    encoded = plugin.values.encode_value(value)

    later = run("", a=[contract.PulledTask(values={"k": encoded})]).model_dump_json()

    assert plugin.values.decode_value(parse_json(later)["xcoms"]["a"][0]["values"]["k"]) == value


ZONES = st.none() | st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York"]).map(
    zoneinfo.ZoneInfo
)
OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: dt.timezone(dt.timedelta(seconds=seconds)))
KEYS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.just("$type")
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.times(timezones=OFFSETS)
    | st.timedeltas()
    | st.datetimes(timezones=ZONES | OFFSETS, allow_imaginary=False)
)
HASHABLE = st.recursive(KEYS, lambda part: st.lists(part).map(tuple) | st.frozensets(part), max_leaves=5)
VALUES = st.recursive(
    HASHABLE | st.just(math.nan),
    lambda part: (
        st.lists(part)
        | st.lists(part).map(tuple)
        | st.sets(HASHABLE)
        | st.dictionaries(HASHABLE, part)
        | st.dictionaries(st.sampled_from(["$type", "value", "a"]), part)
    ),
    max_leaves=20,
)
DTYPES = npst.scalar_dtypes() | npst.unicode_string_dtypes() | npst.byte_string_dtypes()
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, min_side=0))


def travelled(plugin: SimpleNamespace, value: Any) -> Any:
    """Return what a later step gets of a value, past a door that looks at all JSON."""
    text = plugin.values.write(plugin.values.encode_value(value))
    return plugin.values.decode_value(parse_json(text))


def exactly(value: Any) -> Any:
    """Return what two values have in common only if they are equal and of the same types throughout."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, {exactly(key): exactly(part) for key, part in value.items()}
    if isinstance(value, set | frozenset):
        return kind, frozenset(map(exactly, value))
    if isinstance(value, list | tuple):
        return kind, tuple(map(exactly, value))
    if isinstance(value, dt.datetime | dt.time):
        return kind, value.isoformat(), str(value.tzinfo)
    return kind, repr(value)


@given(value=VALUES)
def test_what_is_pushed_is_pulled(plugin: SimpleNamespace, value: Any) -> None:
    assert exactly(travelled(plugin, value)) == exactly(value)


@given(value=ARRAYS)
def test_arrays_that_are_pushed_are_pulled(plugin: SimpleNamespace, value: Any) -> None:
    back = travelled(plugin, value)

    assert (back.dtype, back.shape, back.tobytes()) == (value.dtype, value.shape, value.tobytes())


@given(
    value=npst.from_dtype(np.dtype("f8")) | npst.from_dtype(np.dtype("i8")) | npst.from_dtype(np.dtype("U5"))
)
def test_numbers_of_numpy_become_plain(plugin: SimpleNamespace, value: Any) -> None:
    assert exactly(travelled(plugin, value)) == exactly(value.item())


@given(value=st.floats(allow_nan=False) | st.integers())
def test_numbers_stay_what_they_are_in_a_database(plugin: SimpleNamespace, value: Any) -> None:
    """PostgreSQL writes no exponents: 1e16 would come back from it as a whole number."""
    encoded = plugin.values.encode_value(value)
    if isinstance(encoded, float):
        encoded = json.loads(format(decimal.Decimal(repr(encoded)), "f"))

    assert exactly(plugin.values.decode_value(encoded)) == exactly(value)
