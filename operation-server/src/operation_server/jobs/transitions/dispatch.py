"""Dispatch: which waiting jobs go to the broker next, marked in the transaction that publishes them.

The order is exact: the smallest `order_key` first, whatever the limits of plugins and users are. Waiting jobs
are visited in groups (one user, one plugin version, one requirement of a worker), so that a hundred thousand
jobs of a paused plugin at the head of the queue cost as much as one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.cached_bytes import cached_bytes
from operation_server.jobs.transitions.catalog import PluginVersion, VersionCatalog
from operation_server.jobs.transitions.placement import DispatchCapacity
from operation_server.jobs.transitions.policy import DEFAULT_LOSSES, LossBudget
from operation_server.jobs.transitions.room import NOTHING_CACHED, Room, WaitingGroup
from operation_server.models.job_states import ACTIVE, WAITING, waiting
from satellite.contracts.identity import AttemptKey
from satellite.contracts.requires import ANYWHERE, Requires

ROUND_LOCK = 7_244_001
"""Advisory lock of one round, until its transaction ends: limits are counted and used up by one at a time."""

# Every statement below is one walk along an index. The planner must not think otherwise while its statistics
# lag behind a large batch, nor think again for each round, which took as long as a statement.
# A lost dispatch mark only makes a stale attempt, so its commit need not wait for the disk.
PREPARE = text("""
    SELECT pg_try_advisory_xact_lock(:lock) AS is_alone,
           set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
           set_config('plan_cache_mode', 'force_generic_plan', true),
           set_config('synchronous_commit', 'off', true)
""")

MOST_REQUIREMENTS = 32
"""So many different requirements of one user's jobs for one plugin version are looked at in a round."""

# Above every requirement: of two JSON objects the one with more members is the larger, and they have five.
_LAST = """'{"1": 0, "2": 0, "3": 0, "4": 0, "5": 0, "6": 0, "7": 0, "8": 0}'::jsonb"""

# The groups that wait, and what is taken already, in one round trip. The groups are a loose index scan: one
# descent for each, however many jobs it has.
LOOK = text(f"""
    WITH RECURSIVE waiting AS (
        (SELECT plugin_id, owner_id, requires, 1 AS number FROM jobs WHERE {WAITING}
         ORDER BY plugin_id, owner_id, requires LIMIT 1)
        UNION ALL
        SELECT following.plugin_id, following.owner_id, following.requires,
               CASE WHEN following.plugin_id = waiting.plugin_id AND following.owner_id = waiting.owner_id
                    THEN waiting.number + 1 ELSE 1 END
        FROM waiting CROSS JOIN LATERAL (
            SELECT j.plugin_id, j.owner_id, j.requires FROM jobs AS j
            WHERE {waiting("j")}
              AND (j.plugin_id, j.owner_id, j.requires) > (
                  waiting.plugin_id, waiting.owner_id,
                  CASE WHEN waiting.number < {MOST_REQUIREMENTS} THEN waiting.requires ELSE {_LAST} END
              )
            ORDER BY j.plugin_id, j.owner_id, j.requires LIMIT 1
        ) AS following
    ), waiting_groups AS (
        SELECT w.plugin_id, w.owner_id, CAST(w.requires AS text) AS requires_json,
               coalesce(c.is_paused, false) AS is_paused,
               c.max_running AS control_max_running, u.max_running AS owner_max_running
        FROM waiting AS w
        JOIN plugins AS p ON p.id = w.plugin_id
        JOIN users AS u ON u.id = w.owner_id
        LEFT JOIN plugin_controls AS c ON c.plugin_name = p.name
    ), active AS (
        SELECT plugin_id, owner_id, queue, count(*) AS jobs,
               count(*) FILTER (WHERE status = 'queued') AS unstarted
        FROM jobs
        WHERE {ACTIVE}
        GROUP BY plugin_id, owner_id, queue
    )
    SELECT (SELECT coalesce(json_agg(w), '[]') FROM waiting_groups AS w) AS waiting,
           (SELECT coalesce(json_agg(a), '[]') FROM active AS a) AS active
""")  # noqa: S608 - only constants of this program go in.

CANDIDATES = text(f"""
    SELECT g.position - 1 AS group_index, c.id, c.order_key
    FROM unnest(CAST(:plugin_ids AS bigint[]), CAST(:owner_ids AS bigint[]), CAST(:requires AS jsonb[]))
         WITH ORDINALITY AS g(plugin_id, owner_id, requires, position)
    CROSS JOIN LATERAL (
        SELECT j.id, j.order_key FROM jobs AS j
        WHERE {waiting("j")}
          AND j.plugin_id = g.plugin_id AND j.owner_id = g.owner_id AND j.requires = g.requires
          AND (j.order_key, j.id) > (CAST(:order_key AS float8), CAST(:id AS bigint))
          AND j.order_key <= extract(epoch FROM now())
          AND j.run_at <= now() AND (j.expires_at IS NULL OR j.expires_at > now())
          AND j.id <> ALL(CAST(:aside AS bigint[]))
        ORDER BY j.order_key, j.id LIMIT :chunk
    ) AS c
    ORDER BY c.order_key, c.id
""")  # noqa: S608 - only constants of this program go in.

# By a list of ids, not by a join with it: that was planned as a scan of all that waits (30 ms with 100,000).
MARK = text(f"""
    UPDATE jobs SET attempt = attempt + 1, generation = 0, dispatched_at = clock_timestamp(),
                    queue = (CAST(:queues AS text[]))[array_position(CAST(:ids AS bigint[]), id)]
    WHERE id IN (
        SELECT id FROM jobs WHERE id = ANY(CAST(:ids AS bigint[])) AND {WAITING}
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, attempt, uid, owner_id, plugin_id, queue, timeout_s,
              CAST(input_data AS text) AS input_json, CAST(requires AS text) AS requires_json,
              CAST(input_files AS text) AS input_files_json,
              losses >= :alone_after AS runs_alone, traceparent,
              CAST(model AS text) AS model_json, model ->> 'digest' AS model_digest,
              (SELECT CAST(m.signature -> 'output' AS text)
               FROM model_versions AS v JOIN models AS m ON m.id = v.model_id
               WHERE v.id = model_version_id) AS model_output_json
""")  # noqa: S608 - only constants of this program go in.

START_OF_QUEUE = (-math.inf, 0)
SMALLEST_CHUNK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchedJob:
    """One attempt to publish; input and manifest are JSON text, spliced into the message as they are."""

    job_id: int
    attempt: int
    uid: UUID
    owner_id: int
    plugin: PluginVersion
    input_json: str
    timeout_s: float
    runs_alone: bool
    """Nothing else may begin beside it on its worker."""
    requires_json: str = "{}"
    input_files_json: str | None = None
    """A list of `InputFile`s, None for a job whose input refers to none."""
    model_json: str | None = None
    """A `JobModel`, None for a job that asks none."""
    model_digest: str | None = None
    model_output_json: str | None = None
    """The schema of what that model answers."""
    queue: str
    """The queue of the broker, all of whose workers can run it."""
    traceparent: str | None = None
    """What the attempt goes on with in the trace of the job, None if it is not traced."""

    @property
    def key(self) -> AttemptKey:
        """Return what names the attempt."""
        return AttemptKey(self.job_id, self.attempt, self.uid)

    @property
    def requires(self) -> Requires:
        """Return what the job adds to what its plugin requires."""
        # Nearly all add nothing, and to parse that would cost each of them.
        return ANYWHERE if self.requires_json == "{}" else Requires.model_validate_json(self.requires_json)


@dataclass(frozen=True, slots=True)
class Placed:
    """A job that goes next, and the queue that it goes to."""

    job_id: int
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What dispatch leaves alone for now, because it fails."""

    job_ids: Collection[int] = ()
    groups: Collection[tuple[int, int]] = ()
    """Plugin version and owner."""


NOTHING_ASIDE = Aside()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits, and what is taken already, when a round begins."""

    groups: Sequence[WaitingGroup]
    active: Sequence[dict[str, Any]]
    catalog: VersionCatalog
    aside: Aside

    def room(self, capacity: DispatchCapacity) -> Room:
        """Return the room that is left."""
        room = Room(capacity=capacity, versions=self.catalog.versions)
        for taken in self.active:
            room.take(**taken)
        return room


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one round of dispatch chose."""

    jobs: list[DispatchedJob] = field(default_factory=list)
    has_more: bool = False
    """Jobs are left that a freed place may let go: because of a limit, or of the size of the batch."""
    unstarted: int | None = None
    """Jobs dispatched before and not known to have started; None where nobody had to count them."""


def select_and_mark(
    connection: Connection,
    *,
    capacity: DispatchCapacity,
    catalog: VersionCatalog,
    limit: int,
    aside: Aside = NOTHING_ASIDE,
    losses: LossBudget = DEFAULT_LOSSES,
) -> Selection:
    """Mark the next due jobs as dispatched, each with its next attempt number, and return them in order.

    Chooses nothing while another transaction is in the middle of its round.
    """
    queue = look(connection, catalog=catalog, aside=aside)
    if queue is None:
        return Selection(has_more=True)
    if not queue.groups:
        return Selection()
    room = queue.room(capacity)
    unstarted = room.unstarted.total()
    chosen = choose(connection, queue, queue.groups, room, limit=limit)
    if not chosen:
        return Selection(has_more=True, unstarted=unstarted)
    return Selection(
        jobs=mark(connection, chosen, catalog, losses=losses),
        has_more=len(chosen) >= limit or not all(room.place(group) for group in queue.groups),
        unstarted=unstarted,
    )


def look(connection: Connection, *, catalog: VersionCatalog, aside: Aside) -> Queue | None:
    """Begin a round, for which limits are counted by this transaction alone; None when another is in one."""
    prepared = (connection.execute(PREPARE, {"lock": ROUND_LOCK})).one()
    if not prepared.is_alone:
        return None
    found = connection.execute(LOOK).one()
    if found.waiting:
        catalog.load(connection, {each["plugin_id"] for each in (*found.waiting, *found.active)})
    groups = [WaitingGroup(**group) for group in found.waiting]
    usable = [
        group
        for group in groups
        if group.plugin_id in catalog.versions and (group.plugin_id, group.owner_id) not in aside.groups
    ]
    return Queue(groups=usable, active=found.active, catalog=catalog, aside=aside)


def mark(
    connection: Connection,
    placed: Sequence[Placed],
    catalog: VersionCatalog,
    *,
    losses: LossBudget = DEFAULT_LOSSES,
) -> list[DispatchedJob]:
    """Give waiting jobs their next attempt, and return those that still waited, in the given order."""
    rows = connection.execute(
        MARK,
        {
            "ids": [each.job_id for each in placed],
            "queues": [each.queue for each in placed],
            "alone_after": losses.alone_after,
        },
    )
    marked = {row.id: row for row in rows}
    return [_dispatched(marked[each.job_id], catalog) for each in placed if each.job_id in marked]


def choose(
    connection: Connection, queue: Queue, groups: Sequence[WaitingGroup], room: Room, *, limit: int
) -> list[Placed]:
    """Merge groups of a queue by order, a chunk of each at a time, and take what fits."""
    chosen: list[Placed] = []
    position: tuple[float, int] = START_OF_QUEUE
    while len(chosen) < limit:
        open_groups = [group for group in groups if room.place(group)]
        if not open_groups:
            break
        chunk = min(limit, max(SMALLEST_CHUNK, 2 * limit // len(open_groups)))
        rows = _candidates(connection, open_groups, position, chunk, queue.aside.job_ids)
        horizon = _horizon(rows, len(open_groups), chunk)
        cached = _cached_bytes(connection, rows, open_groups, room)
        for row in rows:
            if (row.order_key, row.id) > horizon or len(chosen) >= limit:
                break
            group = open_groups[row.group_index]
            place = room.place(group, cached=cached.get(row.id, NOTHING_CACHED))
            if place is not None:
                room.take(group.plugin_id, group.owner_id, queue=place)
                chosen.append(Placed(row.id, place))
        if horizon == (math.inf, 0):
            break
        position = horizon
    return chosen


def _candidates(
    connection: Connection,
    groups: Sequence[WaitingGroup],
    after: tuple[float, int],
    chunk: int,
    aside: Collection[int],
) -> Sequence[Row[Any]]:
    rows = connection.execute(
        CANDIDATES,
        {
            "plugin_ids": [group.plugin_id for group in groups],
            "owner_ids": [group.owner_id for group in groups],
            "requires": [group.requires_json for group in groups],
            "order_key": after[0],
            "id": after[1],
            "chunk": chunk,
            "aside": list(aside),
        },
    )
    return rows.all()


def _cached_bytes(
    connection: Connection, rows: Sequence[Row[Any]], groups: Sequence[WaitingGroup], room: Room
) -> Mapping[int, Mapping[str, int]]:
    """Look for files on clusters, where jobs can choose among some: nearly none can."""
    choosing = {index for index, group in enumerate(groups) if room.chooses_cluster(group)}
    return cached_bytes(connection, [row.id for row in rows if row.group_index in choosing])


def _horizon(rows: Sequence[Row[Any]], groups: int, chunk: int) -> tuple[float, int]:
    """Return how far the order of `rows` is complete: a group with a full chunk may have more behind it."""
    counts = [0] * groups
    last: list[tuple[float, int]] = [START_OF_QUEUE] * groups
    for row in rows:
        counts[row.group_index] += 1
        last[row.group_index] = (row.order_key, row.id)
    full = [last[index] for index in range(groups) if counts[index] >= chunk]
    return min(full, default=(math.inf, 0))


def _dispatched(row: Row[Any], catalog: VersionCatalog) -> DispatchedJob:
    return DispatchedJob(
        job_id=row.id,
        attempt=row.attempt,
        uid=row.uid,
        owner_id=row.owner_id,
        plugin=catalog.versions[row.plugin_id],
        input_json=row.input_json,
        timeout_s=row.timeout_s,
        runs_alone=row.runs_alone,
        requires_json=row.requires_json,
        input_files_json=row.input_files_json,
        queue=row.queue,
        traceparent=row.traceparent,
        model_json=row.model_json,
        model_digest=row.model_digest,
        model_output_json=row.model_output_json,
    )
