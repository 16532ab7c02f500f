"""Brings reports about attempts to the operation server, which can do without any of them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from analysis_server.loop_thread import LoopThread
from analysis_server.operation_api.client import APIRefused, APIUnavailable, OperationAPI
from satellite.contracts.cluster import JOB_REPORT_PATH, ClusterJobReport
from satellite.contracts.identity import AttemptKey

WAITING_MAX: Final = 2_000
"""Of attempts; while the API is away longer than that takes, the oldest are dropped."""
AGAIN_S: Final = 1.0
CLOSE_WITHIN_S: Final = 5.0

logger = structlog.get_logger(__name__)


class JobReports:
    """Sends them from a thread of its own, those about one attempt as one while they wait."""

    def __init__(self, api: OperationAPI, *, worker: str, cluster: str) -> None:
        """Send nothing yet."""
        self._api = api
        self._told: dict[str, Any] = {"worker": worker, "cluster": cluster}
        self._changed = threading.Condition()
        self._waiting: dict[AttemptKey, dict[str, Any]] = {}
        self._closed = False
        self._thread = LoopThread("cluster-job-reports", self._run)
        self._thread.start()

    def tell(self, key: AttemptKey, **news: Any) -> None:
        """Send what is new of an attempt soon; the fields are those of `ClusterJobReport`."""
        news = {name: value for name, value in news.items() if value is not None}
        with self._changed:
            waiting = self._waiting.setdefault(key, {})
            transfers = [*waiting.get("transfers", []), *news.get("transfers", [])]
            waiting.update(news)
            if transfers:
                waiting["transfers"] = transfers[-1_000:]
            if len(self._waiting) > WAITING_MAX:
                self._waiting.pop(next(iter(self._waiting)))
            self._changed.notify_all()

    def close(self) -> None:
        """Send what waits, if that is soon done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(CLOSE_WITHIN_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._waiting))
                if not self._waiting:
                    return
                key = next(iter(self._waiting))
                news = self._waiting.pop(key)
            try:
                self._send(key, news)
            except APIUnavailable as error:
                logger.info("report not sent yet", attempt=key, reason=str(error))
                if self._closed:
                    return
                self._put_back(key, news)
            except APIRefused as error:
                logger.warning("report refused", attempt=key, reason=str(error), code=error.code)

    def _send(self, key: AttemptKey, news: dict[str, Any]) -> None:
        report = ClusterJobReport(**key._asdict(), **self._told, **news, seen_at=datetime.now(UTC))
        self._api.post(JOB_REPORT_PATH, report.model_dump_json(exclude_none=True).encode())

    def _put_back(self, key: AttemptKey, news: dict[str, Any]) -> None:
        with self._changed:
            newer = self._waiting.get(key, {})
            self._waiting[key] = news | newer
            self._changed.wait(AGAIN_S)
