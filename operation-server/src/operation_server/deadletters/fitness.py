"""Whether stored inputs fit another version of their plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from operation_server.database.connections import Connections
from operation_server.deadletters import repository
from operation_server.plugins.catalog import RegisteredPlugin
from operation_server.plugins.errors import InputNotCheckable
from operation_server.problems import Violation
from satellite.contracts.json_text import JSONRefused, parse_json

READ_AT_ONCE = 10
"""An input may be a megabyte."""


class Misfit(NamedTuple):
    """A job whose input breaks the schema of the wanted version, and how."""

    job_id: int
    violations: list[Violation]


async def find_misfits(
    connections: Connections, plugin: RegisteredPlugin, job_ids: Sequence[int]
) -> list[Misfit]:
    """Return those of the jobs whose stored input breaks the input schema of `plugin`.

    Raises:
        PluginUnusable: no input can be checked by it.
    """
    found: list[Misfit] = []
    for start in range(0, len(job_ids), READ_AT_ONCE):
        async with connections.connect() as connection:
            inputs = await repository.list_inputs(connection, job_ids[start : start + READ_AT_ONCE])
        # No connection is held meanwhile: a check may wait for a limited process.
        for job_id, text in inputs:
            violations = await _violations(plugin, text)
            if violations:
                found.append(Misfit(job_id, violations))
    return found


async def _violations(plugin: RegisteredPlugin, text: str) -> list[Violation]:
    try:
        return await plugin.input_validator.violations(parse_json(text), text, at="/input_data")
    except JSONRefused as refusal:
        # An older release may have taken more than the limits of today.
        return [Violation(f"/input_data{refusal.pointer}", refusal.reason)]
    except InputNotCheckable as exc:
        return [Violation("/input_data", str(exc))]
