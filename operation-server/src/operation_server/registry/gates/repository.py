"""All SQL about gates, and the one statement by which an alias is moved."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Model, ModelGate
from operation_server.registry.gates.verdict import GateVerdict

_SCORE: Final = """
    SELECT CAST(e.metrics ->> g.metric AS float8) FROM model_evaluations AS e
    WHERE e.model_version_id = {} AND e.data_digest = g.data_digest AND e.metrics ->> g.metric IS NOT NULL
    ORDER BY e.id DESC LIMIT 1
"""

# What the gate asks and whether the alias is moved are settled by one look at the same rows. `is_worse` is
# null where the version that is named now was never evaluated: no reason to let another one pass.
_MOVE: Final = text(f"""
    WITH compared AS (
        SELECT g.metric, g.data_digest, g.at_least, g.at_most, g.higher_is_better,
               g.not_worse_than_champion AS tolerance, named.version AS named_version,
               ({_SCORE.format("CAST(:version_id AS bigint)")}) AS value,
               ({_SCORE.format("named.id")}) AS named_value
        FROM model_gates AS g
        LEFT JOIN model_aliases AS a ON a.model_id = g.model_id AND a.alias = g.alias
        LEFT JOIN model_versions AS named ON named.id = a.model_version_id
        WHERE g.model_id = :model_id AND g.alias = :alias
    ), judged AS (
        SELECT compared.*,
               CASE WHEN tolerance IS NULL OR named_version IS NULL THEN false
                    WHEN higher_is_better THEN value < named_value - tolerance
                    ELSE value > named_value + tolerance END AS is_worse
        FROM compared
    ), moved AS (
        INSERT INTO model_aliases (model_id, alias, model_version_id, moved_by)
        SELECT :model_id, :alias, :version_id, :moved_by
        WHERE :is_overridden OR NOT EXISTS (
            SELECT FROM judged
            WHERE (value IS NOT NULL AND value >= coalesce(at_least, value)
                   AND value <= coalesce(at_most, value) AND NOT is_worse) IS NOT TRUE
        )
        ON CONFLICT (model_id, alias) DO UPDATE
        SET model_version_id = excluded.model_version_id, moved_by = excluded.moved_by, moved_at = now()
        RETURNING alias
    )
    SELECT EXISTS (SELECT FROM moved) AS is_moved, judged.*
    FROM (SELECT) AS one LEFT JOIN judged ON true
""")  # noqa: S608 - only constants of this module go in.


async def move_alias(
    connection: AsyncConnection,
    model_id: int,
    alias: str,
    version_id: int,
    *,
    moved_by: int,
    is_overridden: bool = False,
) -> GateVerdict:
    """Let an alias of a locked model name a version, if its gate lets it, and return what that says."""
    values = {
        "model_id": model_id,
        "alias": alias,
        "version_id": version_id,
        "moved_by": moved_by,
        "is_overridden": is_overridden,
    }
    return GateVerdict.of((await connection.execute(_MOVE, values)).one())


async def find(connection: AsyncConnection, name: str) -> AnyRow | None:
    """Return the gate of a model, or None."""
    query = select(*ModelGate.__table__.columns).join(Model, Model.id == ModelGate.model_id)
    return (await connection.execute(query.where(Model.name == name))).one_or_none()


async def guards(connection: AsyncConnection, model_id: int, alias: str) -> bool:
    """Tell whether a gate guards an alias."""
    guarding = exists().where(ModelGate.model_id == model_id, ModelGate.alias == alias)
    return bool(await connection.scalar(select(guarding)))


async def put(connection: AsyncConnection, model_id: int, **columns: Any) -> None:
    """Give a model a gate, instead of the one that it has."""
    await connection.execute(
        upsert(ModelGate)
        .values(model_id=model_id, **columns)
        .on_conflict_do_update(index_elements=[ModelGate.model_id], set_={**columns, "set_at": text("now()")})
    )


async def remove(connection: AsyncConnection, model_id: int) -> bool:
    """Remove the gate of a model; False when it has none."""
    gone = await connection.scalar(
        delete(ModelGate).where(ModelGate.model_id == model_id).returning(ModelGate.model_id)
    )
    return gone is not None
