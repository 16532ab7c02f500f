"""Definitions of workflows as text: YAML or JSON, the same text for the same definition.

Of YAML that is what version 1.2 takes for JSON: a time, a `yes` and a `12:30` are texts, and a key that is
there twice is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

from satellite.contracts.json_text import JSONRefused, parse_json
from satellite.errors import SatelliteError
from satellite.visible_text import make_log_visible

PLAIN: Final = (
    ("null", r"^(?:~|null)?$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", list("tf")),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", list("-0123456789")),
)
"""What is no text although nothing quotes it, and with which characters it begins."""
ENDS_OF_LINES: Final = re.compile(r"[\r\x85\u2028\u2029]|[ \t]\n|^\s|[ \t]$")
"""Texts with these are not readable as lines, or not exactly what they were."""


class WorkflowUnreadable(SatelliteError):
    """A folder or a file is no workflow."""

    code = "usage"


class _Loader(yaml.SafeLoader):
    """Reads YAML as what JSON has."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as its base states it.

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as its base states it.
        """Return a mapping whose keys are texts, each there once."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is no text", node.start_mark
                )
            if key in keys[:place]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", node.value[place][0].start_mark
                )
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads as the same."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as its base states it.

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - its base has it.
        """Write what is there twice twice."""
        return True


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and ENDS_OF_LINES.search(text) is None else None
    # What no terminal may be shown as it is, is escaped where it is printed, which needs these quotes.
    style = style if make_log_visible(text) == text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number_node(dumper: yaml.SafeDumper, number: float) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", json.dumps(number))


for _name, _pattern, _first in PLAIN:
    for _kind in (_Loader, _Dumper):
        _kind.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), _first)
_Dumper.add_representer(str, _text_node)
_Dumper.add_representer(float, _number_node)


def read_definition(text: str, name: str) -> Any:
    """Return the value of a text in YAML or JSON; `name` is what the text is called.

    Raises:
        WorkflowUnreadable: it is neither.
    """
    if name.endswith(".json"):
        return _read_json(text, name)
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader.
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise WorkflowUnreadable(f"{name} is not YAML{where}: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise WorkflowUnreadable(f"{name} is not YAML: {error}.") from error


def _read_json(text: str, name: str) -> Any:
    try:
        return parse_json(text, bytes_max=None)
    except JSONRefused as refusal:
        raise WorkflowUnreadable(f"{name} is not JSON that Satellite takes: {refusal}.") from refusal


def write_yaml(document: Any) -> str:
    """Return a definition as text that ends with a line."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
