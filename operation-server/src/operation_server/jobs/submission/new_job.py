"""Turns a request into a job that its plugin can run, or says all that is wrong with it."""

from __future__ import annotations

from operation_server.accounts.account import Account
from operation_server.jobs.errors import InputInvalid
from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.submission.cluster_jobs import for_cluster, unfit_for_clusters
from operation_server.jobs.submission.input_files import references_of, too_many_files
from operation_server.jobs.submission.retry import own_retry, unfit_retry
from operation_server.jobs.transitions import NewJob
from operation_server.plugins.catalog import RegisteredPlugin
from operation_server.problems import Violation
from satellite.contracts.json_text import JSONRefused, write_json
from satellite.contracts.plugin_manifest import PluginManifest


async def new_job(
    request: JobCreate, plugin: RegisteredPlugin, owner: Account, *, idempotency_key: str | None, at: str = ""
) -> NewJob:
    """Return the job of a request, from here on with its input as text.

    Raises:
        InputInvalid: the request breaks rules of its plugin; all are named, each with its pointer below `at`.
        PluginUnusable, InputNotCheckable, SchemaChecksBusy: as the input's validator says.
    """
    manifest = plugin.manifest
    try:
        input_json = write_json(request.input_data)
    except JSONRefused as refusal:
        raise InputInvalid([Violation(f"{at}/input_data{refusal.pointer}", refusal.reason)]) from refusal
    found = await plugin.input_validator.violations(request.input_data, input_json, at=f"{at}/input_data")
    found += _beyond_limits(request, manifest, at)
    references = references_of(plugin, request.input_data)
    found += too_many_files(references, at=at)
    requires, unfit = for_cluster(request, manifest)
    found += [Violation(f"{at}{each.pointer}", each.message) for each in unfit]
    found += plugin.requires_violations(requires, at=f"{at}/requires")
    found += unfit_for_clusters(requires, manifest, at=f"{at}/requires")
    found += [Violation(f"{at}{each.pointer}", each.message) for each in unfit_retry(request, manifest.retry)]
    if found:
        raise InputInvalid(found)
    retry = own_retry(request, manifest.retry)
    allowed = (retry or manifest.retry).max_retries
    return NewJob(
        owner_id=owner.id,
        plugin_id=plugin.id,
        plugin_name=manifest.name,
        plugin_version=manifest.version,
        input_json=input_json,
        references=references,
        requires_json=requires.model_dump_json(),
        priority=request.priority,
        timeout_s=request.timeout_s or manifest.timeout_s,
        max_retries=allowed if request.max_retries is None else request.max_retries,
        retry=retry,
        expires_in_s=request.queue_ttl_s or manifest.queue_ttl_s,
        idempotency_key=idempotency_key,
        webhook=request.webhook,
        request_digest=request.digest() if idempotency_key is not None else None,
    )


def _beyond_limits(request: JobCreate, manifest: PluginManifest, at: str) -> list[Violation]:
    limits = (
        ("timeout_s", request.timeout_s, manifest.timeout_s),
        ("max_retries", request.max_retries, manifest.retry.max_retries),
        ("queue_ttl_s", request.queue_ttl_s, manifest.queue_ttl_s),
    )
    return [
        Violation(f"{at}/{name}", f"is {asked:g}; the plugin allows at most {most:g}")
        for name, asked, most in limits
        if asked is not None and most is not None and asked > most
    ]
