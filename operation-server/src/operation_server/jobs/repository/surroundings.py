"""What stands around a job in the queue: SQL of `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.faults import reason_of
from operation_server.jobs.transitions.catalog import DEMANDS, PluginDemands
from operation_server.models.job_states import active, waiting
from satellite.contracts.cluster_needs import CLUSTER_RUNTIME
from satellite.contracts.requires import ANYWHERE, Requires

AROUND = text(f"""
    SELECT {DEMANDS}, coalesce(c.is_paused, false) AS is_paused, c.max_running AS control_limit,
           u.max_running AS owner_limit, now() AS now, CAST(j.requires AS text) AS requires_json,
           (SELECT count(DISTINCT before.requires) FROM (
                SELECT other.requires FROM jobs AS other
                WHERE {waiting("other")} AND other.plugin_id = j.plugin_id AND other.owner_id = j.owner_id
                  AND other.requires < j.requires LIMIT 10000
            ) AS before) AS requirements_ahead,
           (SELECT count(*) FROM (
                SELECT 1 FROM jobs AS other, jobs AS mine
                WHERE mine.id = j.id AND {waiting("other")}
                  AND (other.order_key, other.id) < (mine.order_key, mine.id) LIMIT 10000
            ) AS before) AS ahead,
           (SELECT count(*) FROM jobs AS a WHERE a.plugin_name = j.plugin_name
              AND {active("a")}
           ) AS active_of_plugin,
           (SELECT count(*) FROM jobs AS a WHERE a.owner_id = j.owner_id
              AND {active("a")}
           ) AS active_of_owner
    FROM jobs AS j
    JOIN plugins AS p ON p.id = j.plugin_id
    JOIN users AS u ON u.id = j.owner_id
    LEFT JOIN plugin_controls AS c ON c.plugin_name = j.plugin_name
    WHERE j.id = :job_id
""")  # noqa: S608 - only constants of this program go in.


CLUSTERS = text("SELECT name, state, reason, state_since, is_draining FROM clusters ORDER BY name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Limits and numbers of other jobs around one job."""

    demands: PluginDemands
    unreadable: str | None
    """Why the plugin's definition cannot be read; its demands are then the default ones."""
    requires: Requires
    """Of plugin and job together."""
    requirements_ahead: int
    """Other requirements of its owner's jobs for the plugin that a round of dispatch looks at before."""
    is_paused: bool
    control_limit: int | None
    owner_limit: int | None
    ahead: int
    active_of_plugin: int
    active_of_owner: int
    now: datetime
    """The database's clock, which run_at is in."""
    clusters: Sequence[AnyRow] = ()
    """All there are, for a job that requires one."""


async def look_around(connection: AsyncConnection, job: AnyRow) -> Circumstances:
    """Return what stands around a job."""
    row = (await connection.execute(AROUND, {"job_id": job.id})).one()
    demands, requires, unreadable = _read(row.demands_json, row.requires_json)
    return Circumstances(
        demands=demands,
        unreadable=unreadable,
        requires=requires,
        requirements_ahead=row.requirements_ahead,
        is_paused=row.is_paused,
        control_limit=row.control_limit,
        owner_limit=row.owner_limit,
        ahead=row.ahead,
        active_of_plugin=row.active_of_plugin,
        active_of_owner=row.active_of_owner,
        now=row.now,
        clusters=(await connection.execute(CLUSTERS)).all() if requires.runtime == CLUSTER_RUNTIME else (),
    )


def _read(demands_json: str, requires_json: str) -> tuple[PluginDemands, Requires, str | None]:
    try:
        demands = PluginDemands.model_validate_json(demands_json)
        return demands, demands.placed_by.narrowed_by(Requires.model_validate_json(requires_json)), None
    except ValueError as error:
        return PluginDemands(), ANYWHERE, reason_of(error)
