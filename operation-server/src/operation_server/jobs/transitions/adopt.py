"""Adoption: an attempt whose worker is gone goes on under another one, fenced by its generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.catalog import VersionCatalog
from operation_server.jobs.transitions.events import insert_events, status_event, subject_of
from operation_server.models.job_states import active
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import JobStatus, StartedReport
from satellite.contracts.run_handle import RunHandle

log = structlog.get_logger(__name__)

LOCK = text("""
    SELECT id FROM jobs WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
""")

# A report of an older generation is of somebody who has lost the attempt.
NOTE = text(f"""
    WITH held AS MATERIALIZED (
        SELECT j.id, j.attempt, r.worker, r.handle, j.worker IS DISTINCT FROM r.worker AS is_new
        FROM json_to_recordset(CAST(:reports AS json)) AS r(
            job_id bigint, attempt bigint, uid uuid, generation bigint, worker text, handle jsonb
        )
        JOIN jobs AS j
          ON j.id = r.job_id AND j.uid = r.uid AND j.attempt = r.attempt AND j.generation = r.generation
        WHERE {active("j")}
    ), noted AS (
        INSERT INTO run_handles AS h (job_id, attempt, handle) SELECT id, attempt, handle FROM held
        ON CONFLICT (job_id) DO UPDATE
            SET attempt = excluded.attempt, handle = excluded.handle, offered_at = NULL
            WHERE h.attempt <> excluded.attempt OR h.handle <> excluded.handle OR h.offered_at IS NOT NULL
    )
    UPDATE jobs SET worker = held.worker FROM held WHERE jobs.id = held.id AND held.is_new
    RETURNING jobs.id, jobs.uid, jobs.attempt, jobs.owner_id, jobs.status, jobs.worker,
              jobs.generation, jobs.cancel_requested_at
""")  # noqa: S608 - only a constant of this program goes in.

OFFER = text("""
    WITH offered AS (
        UPDATE jobs SET generation = jobs.generation + 1
        FROM json_to_recordset(CAST(:attempts AS json)) AS a(job_id bigint, attempt bigint, uid uuid)
        WHERE jobs.id = a.job_id AND jobs.uid = a.uid AND jobs.attempt = a.attempt
          AND jobs.status = 'processing'
        RETURNING jobs.id, jobs.uid, jobs.attempt, jobs.generation, jobs.owner_id, jobs.plugin_id,
                  jobs.timeout_s, jobs.started_at, jobs.traceparent
    )
    UPDATE run_handles AS h SET offered_at = now()
    FROM offered AS o WHERE h.job_id = o.id AND h.attempt = o.attempt
    RETURNING o.*, h.handle
""")

FORGET = text(f"""
    DELETE FROM run_handles AS h USING jobs AS j
    WHERE j.id = h.job_id AND NOT (j.attempt = h.attempt AND {active("j")})
""")  # noqa: S608 - only a constant of this program goes in.


def note_handles(connection: Connection, reports: Sequence[StartedReport]) -> list[StreamEntry]:
    """Remember by what running attempts can be found, and who runs them now; safe to repeat."""
    connection.execute(LOCK, {"ids": [report.job_id for report in reports]})
    # The last one of an attempt counts.
    latest = {report.key: report for report in reports}
    told = orjson.dumps([report.model_dump(mode="json") for report in latest.values()]).decode()
    moved = sorted(connection.execute(NOTE, {"reports": told}).all(), key=lambda row: int(row.id))
    return insert_events(
        connection,
        [
            status_event(
                subject_of(row),
                JobStatus(row.status),
                row.attempt,
                worker=row.worker,
                generation=row.generation,
                cancelling=row.cancel_requested_at is not None,
            )
            for row in moved
            if row.status == JobStatus.PROCESSING
        ],
    )


def offer_adoption(
    connection: Connection, attempts: Sequence[AttemptKey], *, catalog: VersionCatalog
) -> list[AdoptionOffer]:
    """Give attempts their next generation, and return what adopters need; those with no handle are left out.

    What an adopter of an earlier generation reports from now on is stale.
    """
    wanted = [key._asdict() for key in attempts]
    rows = connection.execute(OFFER, {"attempts": orjson.dumps(wanted).decode()}).all()
    catalog.load(connection, {row.plugin_id for row in rows})
    offers = (_offer(row, catalog) for row in rows if row.plugin_id in catalog.versions)
    return [offer for offer in offers if offer is not None]


def forget_handles(connection: Connection) -> None:
    """Remove the handles of attempts that have ended."""
    connection.execute(FORGET)


def _offer(row: Row[Any], catalog: VersionCatalog) -> AdoptionOffer | None:
    plugin = catalog.versions[row.plugin_id]
    try:
        handle = RunHandle.model_validate(row.handle)
    except ValidationError:
        # Of another release. Nobody takes what is not offered, and so the attempt ends as lost.
        log.exception("a handle is not understood", job_id=row.id)
        return None
    return AdoptionOffer(
        job_id=row.id,
        attempt=row.attempt,
        uid=row.uid,
        generation=row.generation,
        owner_id=row.owner_id,
        plugin_digest=plugin.digest,
        manifest_json=plugin.manifest_json,
        timeout_s=row.timeout_s,
        started_at=row.started_at,
        handle=handle,
        traceparent=row.traceparent,
    )
