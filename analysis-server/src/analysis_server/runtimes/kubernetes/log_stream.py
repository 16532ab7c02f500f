"""A pod's log on a descriptor that can be polled beside a deadline."""

from __future__ import annotations

from contextlib import AbstractContextManager

import structlog

from analysis_server.runtimes.kubernetes.api import API_FAULTS, KubernetesApi
from analysis_server.runtimes.run.piped import piped

logger = structlog.get_logger(__name__)


def followed_log(api: KubernetesApi, name: str) -> AbstractContextManager[int]:
    """Lend a descriptor that gives a pod's log from its beginning until the pod ends, or it is cut."""

    def cut(error: Exception) -> None:
        # Who reads begins anew if the last frame has not come.
        logger.debug("log not read to its end", pod=name, error=str(error))

    return piped(lambda: api.log(name, follow=True), name="pod-log", faults=API_FAULTS, cut=cut)
