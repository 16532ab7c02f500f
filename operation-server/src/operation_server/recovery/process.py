"""What `operation-server finish-restore` does."""

from __future__ import annotations

import asyncio
import sys

from pydantic import SecretStr

from operation_server.database.connections import AsyncConnection
from operation_server.database.engine import create_engine
from operation_server.dispatch.parts import Parts, open_parts
from operation_server.faults import is_outage, reason_of
from operation_server.files.storage import FileStorage
from operation_server.incarnations import repository as incarnations
from operation_server.incarnations.errors import DatabaseRestored
from operation_server.preparation import faults_end_the_process, prepare_schema
from operation_server.recovery import leftovers
from operation_server.recovery.errors import RecoveryUnfinished
from operation_server.recovery.files import compare_files
from operation_server.recovery.finish import Finished, finish_recovery, lock_out_leaders
from operation_server.settings import DispatchSettings, FileSettings
from satellite.errors import SatelliteError
from satellite.settings.database import DatabaseSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

NAMED_AT_MOST = 20
NOTHING_TO_DO = "The database does not look recovered, so nothing is done (--force does it anyway)."


def run_finish(*, nothing_lost: bool, force: bool) -> None:
    """Finish a recovery and tell what came of it; what keeps it from that ends the process with a line."""
    configure_logging(LogSettings())
    with faults_end_the_process(DatabaseSettings()):
        prepare_schema(DatabaseSettings())
    try:
        told = asyncio.run(_run(nothing_lost=nothing_lost, force=force))
    except SatelliteError as error:
        sys.exit(str(error))
    except Exception as error:
        if not is_outage(error):
            raise
        sys.exit(f"PostgreSQL and Redis have to run for this; repeat it. {reason_of(error)}")
    sys.stdout.write(f"{told}\n")


async def _run(*, nothing_lost: bool, force: bool) -> str:
    database = DatabaseSettings()
    owner_of_tables = database.model_copy(update={"url": SecretStr(database.owner_url)})
    engine = create_engine(owner_of_tables, application_name="satellite-recovery")
    try:
        async with open_parts("recovery") as parts, engine.connect() as owner:
            if await _is_fit(parts) and not force:
                return NOTHING_TO_DO
            if nothing_lost:
                return await _accept(owner, parts)
            finished = await finish_recovery(owner, parts, DispatchSettings())
            return "\n".join([describe(finished), *await _tell_of_files(owner)])
    finally:
        await engine.dispose()


async def _is_fit(parts: Parts) -> bool:
    try:
        await parts.guard.check()
    except DatabaseRestored:
        return False
    return True


async def _accept(owner: AsyncConnection, parts: Parts) -> str:
    await lock_out_leaders(owner)
    async with owner.begin():
        if not (await incarnations.find_state(owner)).is_finished:
            raise RecoveryUnfinished
        await owner.run_sync(incarnations.accept_location)
    await leftovers.forget_mark(parts.redis)
    return "Noted where the database is now; everything goes on as before."


def describe(finished: Finished) -> str:
    """Return what a recovery came to, in sentences."""
    settled = finished.settled
    return (
        f"Incarnation {finished.incarnation} begins. {finished.reports} reports of workers were looked at."
        f" {settled.queued} jobs are queued, {settled.cancelled} are cancelled; {settled.put_aside} may have"
        f" had an effect and stand in the dead letters. {finished.stopped} attempts of before were stopped."
        " All logins have ended; API keys go on, also those that were revoked since."
    )


async def _tell_of_files(owner: AsyncConnection) -> list[str]:
    storage = FileStorage.of(FileSettings())
    if storage is None:
        return []
    found = await compare_files(owner, storage)
    told = []
    if found.missing:
        some = ", ".join(found.missing[:NAMED_AT_MOST])
        told.append(f"{len(found.missing)} files have lost their bytes, and are answered 404: {some}.")
    if found.unknown:
        told.append(f"{len(found.unknown)} objects of the storage belong to no file of the database.")
    return told
