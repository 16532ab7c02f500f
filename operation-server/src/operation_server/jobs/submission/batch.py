"""Batches: all jobs are accepted or none, and whatever is wrong with any of them is told at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.jobs import repository
from operation_server.jobs.errors import BatchInvalid, InputInvalid
from operation_server.jobs.schemas import BatchItem
from operation_server.jobs.submission.idempotency import without_replays
from operation_server.jobs.submission.input_files import hold_files, use_files
from operation_server.jobs.submission.new_job import new_job
from operation_server.jobs.transitions import NewJob, submit_jobs
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.errors import InputNotCheckable, PluginNotFound, PluginUnusable
from operation_server.problems import Violation
from operation_server.registry.errors import ModelNotYours, TrainingPointless
from operation_server.registry.trainability import Trainability
from operation_server.secrets.giving.availability import SecretAvailability, named_by_input
from operation_server.secrets.giving.errors import SecretsMissing
from operation_server.webhooks.door import WebhookDoor
from satellite.contracts.event import StreamEntry
from satellite.errors import SatelliteError

MOST_VIOLATIONS = 1_000
CHECK_S = 20.0


class StoredBatch(NamedTuple):
    """The ids of a batch in its order, how many were there already, and what to publish after the commit."""

    ids: list[int]
    replayed: int
    entries: Sequence[StreamEntry] = ()
    fresh: Sequence[tuple[int, NewJob]] = ()
    """Those that were not there, each with its number."""


async def check_batch(
    catalog: PluginCatalog,
    secrets: SecretAvailability,
    trainability: Trainability,
    caller: Account,
    requests: Sequence[BatchItem],
) -> list[NewJob]:
    """Return the jobs of a batch.

    Raises:
        BatchInvalid: a request breaks a rule of its plugin, the plugin needs secrets that are missing, or it
            trains a model and what it makes would not be taken; all violations are named by index.
        InputNotCheckable: checking all inputs takes too long.
    """
    try:
        async with asyncio.timeout(CHECK_S) as budget:
            jobs = await _check_all(catalog, caller, requests)
            await _require_readiness(catalog, secrets, trainability, caller, requests)
            return jobs
    except TimeoutError as exc:
        if not budget.expired():
            raise
        raise InputNotCheckable(
            f"Checking the batch takes longer than {CHECK_S:g} s; send fewer jobs at once."
        ) from exc


async def store_batch(
    connection: AsyncConnection, caller: Account, jobs: Sequence[NewJob], webhooks: WebhookDoor
) -> StoredBatch:
    """Store those jobs of a batch that are not there under their keys.

    Raises:
        InputFilesMissing: inputs refer to files that the caller does not see.
        IdempotencyKeyReused: a key was used for another request, in this batch or before.
        SigningSecretMissing: the caller has nothing that signs webhooks.
        IntegrityError: another request with one of the keys was faster; now its job is found.
    """
    keys = [job.idempotency_key for job in jobs if job.idempotency_key is not None]
    taken = await repository.find_by_keys(connection, caller.id, keys) if keys else {}
    fresh = without_replays(jobs, taken)
    by_key = {key: job_id for key, (job_id, _) in taken.items()}
    if not fresh:
        return StoredBatch([by_key[job.idempotency_key or ""] for job in jobs], len(jobs))
    places = {id(job): f"/jobs/{index}" for index, job in enumerate(jobs)}
    held = await hold_files(connection, caller, [(places[id(job)], job) for job in fresh])
    submitted = await connection.run_sync(submit_jobs, held)
    await use_files(connection, zip(submitted.ids, held, strict=True))
    wanted = zip(submitted.ids, (job.webhook for job in held), strict=True)
    await webhooks.keep(connection, caller, wanted)
    fresh_ids = dict(zip(map(id, fresh), submitted.ids, strict=True))
    by_key |= {job.idempotency_key: fresh_ids[id(job)] for job in fresh if job.idempotency_key is not None}
    ids = [fresh_ids[id(job)] if job.idempotency_key is None else by_key[job.idempotency_key] for job in jobs]
    told = list(zip(submitted.ids, held, strict=True))
    return StoredBatch(ids, len(jobs) - len(fresh), submitted.entries, told)


async def _check_all(catalog: PluginCatalog, caller: Account, requests: Sequence[BatchItem]) -> list[NewJob]:
    jobs: list[NewJob] = []
    violations: list[Violation] = []
    for index, request in enumerate(requests):
        try:
            jobs.append(await _check(catalog, caller, request, at=f"/jobs/{index}"))
        except InputInvalid as exc:
            violations += exc.violations
        if len(violations) >= MOST_VIOLATIONS:
            break
    if violations:
        raise BatchInvalid(violations[:MOST_VIOLATIONS])
    return jobs


async def _check(catalog: PluginCatalog, caller: Account, request: BatchItem, *, at: str) -> NewJob:
    try:
        plugin = await catalog.get(request.plugin_name, request.plugin_version)
    except PluginNotFound as exc:
        raise InputInvalid([Violation(f"{at}/plugin_name", str(exc))]) from exc
    try:
        return await new_job(request, plugin, caller, idempotency_key=request.idempotency_key, at=at)
    except (InputNotCheckable, PluginUnusable) as exc:
        raise InputInvalid([Violation(f"{at}/input_data", str(exc))]) from exc


async def _require_readiness(
    catalog: PluginCatalog,
    secrets: SecretAvailability,
    trainability: Trainability,
    caller: Account,
    requests: Sequence[BatchItem],
) -> None:
    """Look once for what each plugin needs, however many jobs are for it."""
    looked_for: dict[tuple[int, tuple[str, ...]], SatelliteError | None] = {}
    violations: list[Violation] = []
    for index, request in enumerate(requests):
        plugin = await catalog.get(request.plugin_name, request.plugin_version)
        key = plugin.id, tuple(named_by_input(plugin.manifest, request.input_data))
        if key not in looked_for:
            looked_for[key] = None
            try:
                await secrets.require(caller.id, plugin.manifest, request.input_data)
                await trainability.require(caller, plugin.manifest)
            except (SecretsMissing, ModelNotYours, PluginNotFound, TrainingPointless) as missing:
                looked_for[key] = missing
        if (found := looked_for[key]) is not None:
            violations.append(Violation(f"/jobs/{index}/plugin_name", str(found)))
    if violations:
        raise BatchInvalid(violations)
