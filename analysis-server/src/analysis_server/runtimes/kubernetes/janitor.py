"""Removes pods: those of ended runs at once, those of dead workers by their labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from analysis_server.runtimes.kubernetes.api import API_FAULTS, KubernetesApi
from analysis_server.runtimes.kubernetes.template import (
    ANNOTATION_OWNER,
    LABEL_ATTEMPT,
    LABEL_JOB,
    LABEL_ROLE,
    LABEL_STACK,
    LABEL_UID,
    SPARE_WAIT_S,
)
from analysis_server.runtimes.owner import owner_is_dead
from satellite.contracts.identity import AttemptKey

logger = structlog.get_logger(__name__)

GONE_WITHIN_S: Final = 15.0
LOOK_EVERY_S: Final = 0.1


class PodJanitor:
    """Removes what is no longer needed of one stack's pods."""

    def __init__(self, api: KubernetesApi, *, stack_id: str) -> None:
        """Look only at pods of `stack_id`."""
        self._api = api
        self._stack_id = stack_id

    def remove(self, name: str) -> None:
        """Remove a pod; what fails is left to a sweep."""
        try:
            self._api.delete(name)
        except API_FAULTS as error:
            logger.warning("pod not removed, left to the janitor", pod=name, error=str(error))

    def remove_and_wait(self, name: str) -> None:
        """Remove a pod and wait until nothing of it runs any more."""
        self.remove(name)
        until = time.monotonic() + GONE_WITHIN_S
        while time.monotonic() < until:
            try:
                found = self._api.find(name)
            except API_FAULTS:
                found = {}
            if found is None or _has_ended(found):
                return
            time.sleep(LOOK_EVERY_S)
        logger.warning("pod is slow to end", pod=name)

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey]) -> int:
        """Remove the pods of attempts that nobody runs nor will go on with, and spares of the dead.

        The nodes themselves end what is past its deadline.
        """

        def is_stale(pod: Mapping[str, Any]) -> bool:
            key = _attempt_of(pod)
            if key in adoptable:
                return False
            return (key is not None and key not in live) or _is_orphan(pod)

        return self._remove_all(is_stale)

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None) -> int:
        """Remove the pods whose owner has died; None for `adoptable` leaves those of all attempts."""

        def is_stale(pod: Mapping[str, Any]) -> bool:
            key = _attempt_of(pod)
            is_kept = key is not None and (adoptable is None or key in adoptable)
            return not is_kept and _is_orphan(pod)

        return self._remove_all(is_stale)

    def _remove_all(self, is_stale: Callable[[Mapping[str, Any]], bool]) -> int:
        found = self._api.list(f"{LABEL_STACK}={self._stack_id}")
        names = [str(pod["metadata"]["name"]) for pod in found if _holds(is_stale, pod)]
        for name in names:
            self.remove(name)
        return len(names)


def _is_orphan(pod: Mapping[str, Any]) -> bool:
    """Tell whether the process that made a pod is known to be dead, or a spare was there for too long."""
    metadata = pod["metadata"]
    if "deletionTimestamp" in metadata:
        return False
    age_s = time.time() - datetime.fromisoformat(metadata["creationTimestamp"]).timestamp()
    is_old_spare = (
        metadata["labels"].get(LABEL_ROLE) == "standby" and age_s > 2 * SPARE_WAIT_S and _has_ended(pod)
    )
    return is_old_spare or owner_is_dead(metadata.get("annotations", {}).get(ANNOTATION_OWNER, ""))


def _has_ended(pod: Mapping[str, Any]) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses")
    return bool(statuses) and all("terminated" in status.get("state", {}) for status in statuses or ())


def _holds(is_stale: Callable[[Mapping[str, Any]], bool], pod: Mapping[str, Any]) -> bool:
    try:
        return "deletionTimestamp" not in pod["metadata"] and is_stale(pod)
    except (KeyError, ValueError):
        # Not one of ours: somebody has made a pod with such labels by hand.
        return False


def _attempt_of(pod: Mapping[str, Any]) -> AttemptKey | None:
    """Return the attempt whose pod this is; None of what outlives single jobs."""
    labels = pod["metadata"]["labels"]
    if labels.get(LABEL_ROLE) != "job":
        return None
    return AttemptKey(int(labels[LABEL_JOB]), int(labels[LABEL_ATTEMPT]), UUID(labels[LABEL_UID]))
