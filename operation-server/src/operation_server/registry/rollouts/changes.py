"""What begins, changes and ends rollouts, each on a connection, with the model locked by whoever calls."""

from __future__ import annotations

from typing import Any

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.registry.rollouts import repository
from operation_server.registry.rollouts.schemas import RolloutSettings, RolloutStatus
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


async def set_rollout(
    connection: AsyncConnection,
    caller: Account,
    model_id: int,
    settings: RolloutSettings,
    *,
    alias: AnyRow,
    stable: AnyRow,
    candidate: AnyRow,
) -> bool:
    """Begin a rollout, or change the running one of the same candidate; True if it is new."""
    name = candidate.model_name
    running = await repository.find_running(connection, name)
    if running is not None and (running.candidate_id, running.alias) == (candidate.id, alias.alias):
        await repository.change(connection, running.id, settings)
        await record(
            connection,
            caller,
            Action.CHANGE_MODEL_ROLLOUT,
            name,
            version=candidate.version,
            **_told(settings),
        )
        return False
    if running is not None:
        await repository.end(connection, running.id, RolloutStatus.SUPERSEDED)
    await repository.add(
        connection,
        model_id,
        settings,
        alias=alias.alias,
        stable_id=stable.id,
        candidate_id=candidate.id,
        started_by=caller.id,
    )
    await record(
        connection, caller, Action.START_MODEL_ROLLOUT, name, version=candidate.version, **_told(settings)
    )
    return True


async def stop(connection: AsyncConnection, caller: Account, name: str) -> bool:
    """End the running rollout of a model: from now on its alias answers alone. False if none is running."""
    running = await repository.find_running(connection, name)
    if running is None:
        return False
    await repository.end(connection, running.id, RolloutStatus.STOPPED)
    await record(connection, caller, Action.STOP_MODEL_ROLLOUT, name, version=running.candidate)
    return True


async def end_with_alias(
    connection: AsyncConnection, name: str, alias: str, *, version_id: int | None
) -> None:
    """End the rollout of an alias that names another version now, or none."""
    running = await repository.find_running(connection, name)
    if running is None or running.alias != alias:
        return
    is_promoted = version_id == running.candidate_id
    status = RolloutStatus.PROMOTED if is_promoted else RolloutStatus.SUPERSEDED
    await repository.end(connection, running.id, status)


async def roll_back(connection: AsyncConnection, rollout: AnyRow, reason: dict[str, Any]) -> None:
    """Take a candidate back that broke a limit."""
    await repository.end(connection, rollout.id, RolloutStatus.ROLLED_BACK, reason=reason)
    await record(
        connection,
        None,
        Action.ROLL_BACK_MODEL,
        rollout.model_name,
        version=rollout.candidate,
        alias=rollout.alias,
        **reason,
    )


def _told(settings: RolloutSettings) -> dict[str, float]:
    return {"percent": settings.percent, "shadow_percent": settings.shadow_percent}
