"""Which entries of `retry.kinds` mean anything, in a manifest as in a job."""

from __future__ import annotations

from operation_server.problems import Violation
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import RetryPolicy


def unknown_kinds(retry: RetryPolicy) -> list[Violation]:
    """Return the entries of `retry.kinds` that no error has."""
    known = [kind.value for kind in ErrorKind]
    return [
        Violation(
            f"/retry/kinds/{index}", f"{kind[:100]!r} is not an error kind; those are {', '.join(known)}"
        )
        for index, kind in enumerate(retry.kinds or [])
        if kind not in known
    ]
