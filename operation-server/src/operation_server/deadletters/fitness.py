"""Whether stored jobs fit another version of their plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.deadletters import repository
from operation_server.jobs.submission.input_files import references_of
from operation_server.plugins.catalog import RegisteredPlugin
from operation_server.plugins.errors import InputNotCheckable
from operation_server.problems import Violation
from satellite.contracts.json_text import JSONRefused, parse_json
from satellite.contracts.requires import Requires

READ_AT_ONCE = 10
"""An input may be a megabyte."""


class Misfit(NamedTuple):
    """A job that the wanted version does not take, and why."""

    job_id: int
    violations: list[Violation]


async def find_misfits(
    connections: Connections, plugin: RegisteredPlugin, job_ids: Sequence[int]
) -> list[Misfit]:
    """Return those of the jobs whose input breaks the schema of `plugin`, or that widen what it requires.

    Raises:
        PluginUnusable: no input can be checked by it.
    """
    found: list[Misfit] = []
    for start in range(0, len(job_ids), READ_AT_ONCE):
        async with connections.connect() as connection:
            inputs = await repository.list_inputs(connection, job_ids[start : start + READ_AT_ONCE])
        # No connection is held meanwhile: a check may wait for a limited process.
        for row in inputs:
            violations = await _violations(plugin, row)
            violations += plugin.requires_violations(
                Requires.model_validate_json(row.requires_json), at="/requires"
            )
            if violations:
                found.append(Misfit(row.id, violations))
    return found


async def _violations(plugin: RegisteredPlugin, row: AnyRow) -> list[Violation]:
    text: str = row.input_json
    try:
        value = parse_json(text)
        found = await plugin.input_validator.violations(value, text, at="/input_data")
    except JSONRefused as refusal:
        # An older release may have taken more than the limits of today.
        return [Violation(f"/input_data{refusal.pointer}", refusal.reason)]
    except InputNotCheckable as exc:
        return [Violation("/input_data", str(exc))]
    if references_of(plugin, value).keys() != {file["id"] for file in row.input_files or ()}:
        found.append(
            Violation("/input_data", "refers to other files by this version; submit it as a new job")
        )
    return found
