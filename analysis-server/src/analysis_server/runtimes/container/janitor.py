"""Removes containers: those of ended runs at once, those of dead workers by their labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

import structlog
from docker.errors import APIError, NotFound

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine
from analysis_server.runtimes.container.template import (
    LABEL_ATTEMPT,
    LABEL_DEADLINE,
    LABEL_JOB,
    LABEL_OWNER,
    LABEL_ROLE,
    LABEL_STACK,
)
from analysis_server.runtimes.owner import owner_is_dead
from analysis_server.runtimes.port import AttemptKey

logger = structlog.get_logger(__name__)

REMOVE_TRIES = 5
REMOVE_PAUSE_S = 0.5


class ContainerJanitor:
    """Removes what is no longer needed of one stack's containers."""

    def __init__(self, engine: Engine, *, stack_id: str) -> None:
        """Look only at containers of `stack_id`."""
        self._engine = engine
        self._stack_id = stack_id

    def remove(self, container_id: str) -> None:
        """Remove a container with all that runs in it; what fails is left to a later sweep."""
        for _ in range(REMOVE_TRIES):
            try:
                with self._engine.client() as client:
                    client.remove_container(container_id, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code == 409:
                    # Its removal is under way.
                    return
                time.sleep(REMOVE_PAUSE_S)
            except ENGINE_FAULTS:
                time.sleep(REMOVE_PAUSE_S)
            else:
                return
        logger.warning("container not removed, left to the janitor", container_id=container_id)

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Remove the containers that belong to no live attempt, are past their deadline, or have no owner."""
        return self._remove_all(lambda labels: _is_stale(labels, live))

    def sweep_orphans(self) -> int:
        """Remove the containers whose owner has died: nobody can read from them any more."""
        return self._remove_all(lambda labels: owner_is_dead(labels.get(LABEL_OWNER, "")))

    def _remove_all(self, is_stale: Callable[[dict[str, Any]], bool]) -> int:
        with self._engine.client() as client:
            found = client.containers(all=True, filters={"label": f"{LABEL_STACK}={self._stack_id}"})
        stale = [str(one["Id"]) for one in found if is_stale(one["Labels"])]
        for container_id in stale:
            self.remove(container_id)
        return len(stale)


def _is_stale(labels: dict[str, Any], live: AbstractSet[AttemptKey]) -> bool:
    try:
        deadline = float(labels.get(LABEL_DEADLINE) or "inf")
        key = (
            (int(labels[LABEL_JOB]), int(labels[LABEL_ATTEMPT])) if labels.get(LABEL_ROLE) == "job" else None
        )
    except (KeyError, ValueError):
        # Not one of ours: somebody runs an image with such labels by hand.
        return False
    is_over = time.time() > deadline or (key is not None and key not in live)
    return is_over or owner_is_dead(labels.get(LABEL_OWNER, ""))
