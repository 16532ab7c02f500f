"""A job's own retry policy: what it states overrides its plugin's, within what the plugin's author allows."""

from __future__ import annotations

from operation_server.jobs.schemas import JobCreate
from operation_server.plugins.retry_kinds import unknown_kinds
from operation_server.problems import Violation
from satellite.contracts.plugin_manifest import RetryPolicy


def own_retry(request: JobCreate, plugin: RetryPolicy) -> RetryPolicy | None:
    """Return the retry policy of a job, None where that of its plugin holds."""
    if request.retry is None:
        return None
    stated = request.retry.model_dump(exclude_unset=True, exclude_none=True)
    if request.max_retries is not None:
        stated["max_retries"] = request.max_retries
    return plugin.model_copy(update=stated)


def unfit_retry(request: JobCreate, plugin: RetryPolicy) -> list[Violation]:
    """Return what is wrong with the retry policy that a request states.

    Kinds that the author left out of a list stay left out: what must not run twice would run twice.
    """
    retry = request.retry
    if retry is None:
        return []
    found = unknown_kinds(retry)
    if "max_retries" in retry.model_fields_set and request.max_retries is not None:
        found.append(Violation("/retry/max_retries", "is stated twice; leave out max_retries or this one"))
    elif "max_retries" in retry.model_fields_set and retry.max_retries > plugin.max_retries:
        message = f"is {retry.max_retries}; the plugin allows at most {plugin.max_retries}"
        found.append(Violation("/retry/max_retries", message))
    if plugin.kinds is not None:
        allowed = ", ".join(plugin.kinds) or "none"
        found += [
            Violation(f"/retry/kinds/{index}", f"{kind[:100]!r} is not retried by the plugin, only {allowed}")
            for index, kind in enumerate(retry.kinds or [])
            if kind not in plugin.kinds
        ]
    return found
