"""Removes containers: those of ended runs at once, those of dead workers by their labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from docker.errors import APIError, NotFound

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine
from analysis_server.runtimes.container.folder import ContainerFolder
from analysis_server.runtimes.container.template import (
    LABEL_ATTEMPT,
    LABEL_DEADLINE,
    LABEL_FOLDER,
    LABEL_JOB,
    LABEL_OWNER,
    LABEL_ROLE,
    LABEL_STACK,
    LABEL_UID,
)
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.owner import owner_is_dead
from satellite.contracts.identity import AttemptKey, uid_by_number

logger = structlog.get_logger(__name__)

REMOVE_TRIES = 5
REMOVE_PAUSE_S = 0.5
NEW_FOLDER_S = 60.0
ADOPTION_GRACE_S = 900.0
"""How long after its deadline a run may still wait for somebody who goes on with it."""


class ContainerJanitor:
    """Removes what is no longer needed of one stack's containers."""

    def __init__(self, engine: Engine, *, stack_id: str, folders: OwnedFolder) -> None:
        """Look only at containers of `stack_id`, and at the folders that they share with their workers."""
        self._engine = engine
        self._folders = folders
        self._stack_id = stack_id

    def remove(self, container_id: str, folder: ContainerFolder | None = None) -> None:
        """Remove a container with all that runs in it, then its folder; what fails is left to a sweep."""
        if self._is_removed(container_id) and folder is not None:
            folder.remove()

    def _is_removed(self, container_id: str) -> bool:
        for _ in range(REMOVE_TRIES):
            try:
                with self._engine.client() as client:
                    client.remove_container(container_id, force=True, v=True)
            except NotFound:
                return True
            except APIError as error:
                if error.status_code == 409:
                    # Its removal is under way.
                    return True
                time.sleep(REMOVE_PAUSE_S)
            except ENGINE_FAULTS:
                time.sleep(REMOVE_PAUSE_S)
            else:
                return True
        logger.warning("container not removed, left to the janitor", container_id=container_id)
        return False

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey]) -> int:
        """Remove the containers that belong to no live attempt, are past their deadline, or have no owner.

        Those of adoptable attempts need neither lease nor owner, and have some time more.
        """
        return self._remove_all(lambda labels: _is_stale(labels, live, adoptable))

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None) -> int:
        """Remove the containers whose owner has died; None for `adoptable` leaves those of all attempts."""

        def is_stale(labels: dict[str, Any]) -> bool:
            key = _attempt_of(labels)
            is_kept = key is not None and (adoptable is None or key in adoptable)
            return not is_kept and owner_is_dead(labels.get(LABEL_OWNER, ""))

        return self._remove_all(is_stale)

    def _remove_all(self, is_stale: Callable[[dict[str, Any]], bool]) -> int:
        with self._engine.client() as client:
            found = client.containers(all=True, filters={"label": f"{LABEL_STACK}={self._stack_id}"})
        stale = [str(one["Id"]) for one in found if _holds(is_stale, one["Labels"])]
        for container_id in stale:
            self.remove(container_id)
        used = {one["Labels"].get(LABEL_FOLDER) for one in found if str(one["Id"]) not in stale}
        self._folders.sweep(lambda folder: str(folder) in used or _is_new(folder))
        return len(stale)


def _is_new(folder: Path) -> bool:
    # Its container may have been made after we looked for it.
    return time.time() - folder.stat().st_mtime < NEW_FOLDER_S


def _holds(is_stale: Callable[[dict[str, Any]], bool], labels: dict[str, Any]) -> bool:
    try:
        return is_stale(labels)
    except (KeyError, ValueError):
        # Not one of ours: somebody runs an image with such labels by hand.
        return False


def _is_stale(
    labels: dict[str, Any], live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey]
) -> bool:
    deadline = float(labels.get(LABEL_DEADLINE) or "inf")
    key = _attempt_of(labels)
    if key in adoptable:
        # Whoever goes on with it says that it has overrun; this is for the case that nobody comes.
        return time.time() > deadline + ADOPTION_GRACE_S
    is_over = time.time() > deadline or (key is not None and key not in live)
    return is_over or owner_is_dead(labels.get(LABEL_OWNER, ""))


def _attempt_of(labels: dict[str, Any]) -> AttemptKey | None:
    """Return the attempt whose container has these labels; None of what outlives single jobs."""
    if labels.get(LABEL_ROLE) != "job":
        return None
    job_id, uid = int(labels[LABEL_JOB]), labels.get(LABEL_UID)
    # A worker of a release without uids set none.
    return AttemptKey(job_id, int(labels[LABEL_ATTEMPT]), UUID(uid) if uid else uid_by_number(job_id))
