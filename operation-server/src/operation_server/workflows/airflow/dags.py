"""Deployed workflows as DAGs: as text on request, and in the folder of an Airflow where one is named."""

from __future__ import annotations

import asyncio

import structlog

from operation_server.settings import AirflowSettings, DagStyle
from operation_server.workflows.airflow.dag_files import remove_dag_file, write_dag_file
from operation_server.workflows.airflow.mirror import mirror_dag
from operation_server.workflows.airflow.native import native_dag
from operation_server.workflows.airflow.obstacles import NotExportable
from satellite.contracts.workflow import WorkflowDefinition

log = structlog.get_logger(__name__)


def dag_of(definition: WorkflowDefinition, *, workflow_id: int, style: DagStyle) -> str:
    """Return the file of a DAG.

    Raises:
        NotExportable: Airflow has nothing that does exactly the same.
    """
    if style is DagStyle.NATIVE:
        return native_dag(definition, workflow_id=workflow_id)
    return mirror_dag(definition, workflow_id=workflow_id)


class DagFolder:
    """The folder of an Airflow that shows what is deployed; does nothing where none is named."""

    def __init__(self, settings: AirflowSettings) -> None:
        self._settings = settings

    async def show(self, definition: WorkflowDefinition, workflow_id: int) -> str | None:
        """Write the DAG of what was deployed; return why that was impossible, for the deployment stands."""
        folder = self._settings.dags_folder
        if folder is None:
            return None
        try:
            text = dag_of(definition, workflow_id=workflow_id, style=self._settings.style)
            await asyncio.to_thread(write_dag_file, folder, workflow_id=workflow_id, text=text)
        except (NotExportable, OSError) as error:
            log.warning("no DAG is written", workflow_id=workflow_id, error=str(error))
            return f"Airflow was not told: {error}"
        return None

    async def forget(self, workflow_id: int) -> None:
        """Remove the DAG of a workflow that was deleted."""
        folder = self._settings.dags_folder
        if folder is None:
            return
        try:
            await asyncio.to_thread(remove_dag_file, folder, workflow_id=workflow_id)
        except OSError as error:
            log.warning("a DAG is not removed", workflow_id=workflow_id, error=str(error))
