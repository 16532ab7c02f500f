"""Removes the folders of attempts whose time is over, from the cluster itself."""

from __future__ import annotations

import contextlib
from typing import Final
from uuid import UUID

import structlog

from analysis_server.connector import agent_messages as messages
from analysis_server.connector.agent import Agent, AgentRefused
from analysis_server.connector.job_reports import JobReports
from analysis_server.connector.ssh.errors import SshError
from satellite.contracts.cluster import Workspace
from satellite.contracts.identity import AttemptKey

SWEEP_EVERY_S: Final = 600.0
DAY_S: Final = 86_400.0

logger = structlog.get_logger(__name__)


class Retention:
    """Asks the cluster to remove what ended long enough ago; it knows its own folders by their claims."""

    def __init__(self, agent: Agent, reports: JobReports, *, keep_days: float) -> None:
        """Remove nothing yet."""
        self._agent = agent
        self._reports = reports
        self._keep_days = keep_days

    def _trim(self) -> None:
        """Let the cluster forget files that no job has needed for as long as jobs are kept."""
        with contextlib.suppress(SshError):
            self._agent.ask_plainly("trim", {"keep_s": int(self._keep_days * DAY_S)})

    def sweep(self) -> None:
        """Remove what is older than the days that the cluster was registered with."""
        try:
            answer = self._agent.ask(
                "sweep", messages.SweepRequest(older_than_s=self._keep_days * DAY_S), messages.SweepAnswer
            )
        except (SshError, AgentRefused) as error:
            logger.info("old folders not removed", reason=str(error))
            return
        self._trim()
        for key in answer.removed:
            self._reports.tell(
                AttemptKey(key.job_id, key.attempt, UUID(key.uid)), workspace=Workspace.REMOVED
            )
        if answer.removed:
            logger.info("old folders removed", count=len(answer.removed))
