"""The reference of settings, out of their groups."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.generator.tables import code, table
from satellite.settings.group import SettingsGroup, variables_of

HEAD = """\
# Settings

Made from the groups of settings of this release. Each comes from its variable, or from the file that
`<VARIABLE>_FILE` names. What to set on a server, and why, is in
[settings and deployment](../../DEPLOYMENT.md).

"""
WHERE = (
    "operation_server.settings",
    "operation_server.kafka.settings",
    "analysis_server.settings",
    "analysis_server.inference.settings",
    "satellite.settings.broker",
    "satellite.settings.database",
    "satellite.settings.observability",
    "satellite.settings.secret_strength",
)


def page() -> str:
    """Return the page."""
    return HEAD + "".join(map(_group, sorted(groups(), key=lambda group: group.__name__)))


def groups() -> list[type[SettingsGroup]]:
    """Return all groups that have a setting."""
    for module in WHERE:
        importlib.import_module(module)
    return [group for group in _below(SettingsGroup) if group.model_fields]


def _below(group: type[SettingsGroup]) -> Iterator[type[SettingsGroup]]:
    for each in group.__subclasses__():
        yield each
        yield from _below(each)


def _group(group: type[SettingsGroup]) -> str:
    title, told = group.__name__.removesuffix("Settings"), (group.__doc__ or "").strip().splitlines()[0]
    rows = [
        (code(variables_of(group, name)[0]), field.description or "", _default(field))
        for name, field in group.model_fields.items()
    ]
    return f"## {title}\n\n{told}\n\n{table(('Variable', '', 'Default'), rows)}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.default
    if value is None or value is PydanticUndefined or value == "":
        return ""
    return code(str(getattr(value, "value", value)))
