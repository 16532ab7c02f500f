"""Plays runs on a real PostgreSQL: what workers and the advancer would do, one call at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, text

from operation_server.jobs.transitions import VersionCatalog, apply_outcomes, select_and_mark
from operation_server.workflows.definitions import document_of
from operation_server.workflows.restarting import Action, changed_between, digests_of, plan_restart
from operation_server.workflows.transitions import (
    AdvanceParts,
    NewRun,
    advance_run,
    begin_run,
    cancel_run,
    decide_step,
    end_due_waits,
    list_woken,
    restart_run,
    retry_run,
    statuses_of,
)
from satellite.contracts.outcome import OutcomeStatus
from satellite.contracts.python_task import PYTHON_TASK
from satellite.contracts.workflow import Task, TaskKind, WorkflowDefinition, WorkflowSettings
from satellite.contracts.workflow_run import RunTrigger
from tests.integration.transitions.seed import PLENTY, add_plugin, add_user, outcome

ECHO = "echo"


class Player:
    """Has one owner, the plugins of Python tasks and of plugin tasks, and deploys, begins and plays runs."""

    def __init__(self, engine: Engine, parts: AdvanceParts) -> None:
        self.engine = engine
        self.parts = parts
        self.catalog = VersionCatalog()
        with engine.begin() as connection:
            self.owner_id = add_user(connection)
            self.plugin_ids = {
                name: add_plugin(connection, self.owner_id, name) for name in (PYTHON_TASK, ECHO)
            }

    def deploy(
        self, *tasks: Task, settings: WorkflowSettings | None = None, params: dict[str, Any] | None = None
    ) -> int:
        """Store a version of a workflow of its own, and return the version's id."""
        definition = WorkflowDefinition(
            name="played", tasks=list(tasks), settings=settings or WorkflowSettings(), params=params or {}
        )
        with self.engine.begin() as connection:
            return self._store(connection, definition)

    def begin(self, version_id: int, **changes: Any) -> int:
        with self.engine.begin() as connection:
            version = self.parts.versions.get(connection, version_id)
            params = {**version.definition.params, **changes.pop("params", {})}
            fields: dict[str, Any] = {
                "version": version, "owner_id": self.owner_id, "trigger": RunTrigger.MANUAL, "params": params,
                "priority": 0,
            }  # fmt: skip
            return begin_run(connection, NewRun(**fields | changes)).key.job_id

    def advance(self) -> None:
        """Do what the advancer does until nothing is left to do."""
        while True:
            with self.engine.begin() as connection:
                woken = list_woken(connection)
            if not woken:
                return
            for run_id in woken:
                with self.engine.begin() as connection:
                    advance_run(connection, run_id, self.parts)

    def end(
        self, run_id: int, task: str, result: Any = None, *, at: int = -1, status: OutcomeStatus | None = None
    ) -> None:
        """Let a worker report the job of a step, and advance."""
        with self.engine.begin() as connection:
            select_and_mark(connection, capacity=PLENTY, catalog=self.catalog, limit=10_000)
        with self.engine.begin() as connection:
            job = connection.execute(JOB_OF, {"run_id": run_id, "task": task, "at": at}).one()
            told = outcome(job.id, job.attempt, status or OutcomeStatus.COMPLETED, result=result, uid=job.uid)
            applied = apply_outcomes(connection, [told])
            assert applied.stale == 0
        self.advance()

    def fail(self, run_id: int, task: str, *, at: int = -1) -> None:
        self.end(run_id, task, at=at, status=OutcomeStatus.FAILED)

    def cancel(self, run_id: int) -> None:
        with self.engine.begin() as connection:
            cancel_run(connection, run_id)
        self.advance()

    def retry(self, run_id: int) -> bool:
        with self.engine.begin() as connection:
            entries = retry_run(connection, run_id, self.parts.versions)
        self.advance()
        return bool(entries)

    def restart(
        self, run_id: int, *asked: str, version_id: int | None = None
    ) -> tuple[int, dict[str, Action]]:
        """Restart a run with a version, its own unless given; return the new run and what it does."""
        before = self.parts.versions
        with self.engine.begin() as connection:
            old = before.get(connection, self.run(run_id).version_id)
            new = before.get(connection, version_id or old.id)
            plan = plan_restart(
                new.graph,
                statuses_of(connection, run_id),
                changed=changed_between(digests_of(old.graph, {}), digests_of(new.graph, {})),
                asked=asked or None,
            )
            begun = restart_run(
                connection,
                NewRun(
                    version=new, owner_id=self.owner_id, trigger=RunTrigger.RESTART,
                    params=self.run(run_id).params, priority=0, restarted_from=run_id,
                ),
                [each.task for each in plan if each.action is Action.REUSE],
            )  # fmt: skip
        self.advance()
        return begun.key.job_id, {each.task: each.action for each in plan}

    def decide(self, run_id: int, task: str, *, is_approved: bool, **data: Any) -> bool:
        value = {"approved": is_approved, "by": "ada", "comment": "", "data": data}
        with self.engine.begin() as connection:
            decided = decide_step(
                connection, run_id, task, map_index=-1, is_approved=is_approved, value=value
            )
        self.advance()
        return decided

    def let_time_pass(self) -> None:
        """Let whatever waits for a time be due, and end it."""
        self.change("UPDATE run_steps SET due_at = now() WHERE status = 'waiting' AND due_at IS NOT NULL")
        with self.engine.begin() as connection:
            end_due_waits(connection)
        self.advance()

    def statuses(self, run_id: int) -> dict[str, str]:
        rows = self.rows("SELECT task, status FROM run_tasks WHERE run_id = :id ORDER BY task", id=run_id)
        return {row.task: row.status for row in rows}

    def status(self, run_id: int) -> str:
        return str(self.run(run_id).status)

    def run(self, run_id: int) -> Any:
        return self.rows("SELECT * FROM workflow_runs WHERE id = :id", id=run_id)[0]

    def input_of(self, run_id: int, task: str, *, at: int = -1) -> Any:
        with self.engine.begin() as connection:
            row = connection.execute(INPUT_OF, {"run_id": run_id, "task": task, "at": at}).one()
        return orjson.loads(row.input_data)

    def steps(self, run_id: int, task: str) -> list[Any]:
        return self.rows(
            "SELECT * FROM run_steps WHERE run_id = :id AND task = :task ORDER BY map_index",
            id=run_id, task=task,
        )  # fmt: skip

    def jobs(self, run_id: int) -> int:
        return int(self.rows("SELECT count(*) AS number FROM jobs WHERE run_id = :id", id=run_id)[0].number)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            return list(connection.execute(text(statement), values).all())

    def change(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def _store(self, connection: Connection, definition: WorkflowDefinition) -> int:
        workflow_id = connection.execute(ADD_WORKFLOW, {"owner_id": self.owner_id}).scalar_one()
        return int(
            connection.execute(
                ADD_VERSION,
                {
                    "workflow_id": workflow_id,
                    "definition": orjson.dumps(document_of(definition)).decode(),
                    "pins": orjson.dumps(self._pins(connection, definition.tasks)).decode(),
                    "owner_id": self.owner_id,
                },
            ).scalar_one()
        )

    def _pins(self, connection: Connection, tasks: Iterable[Task]) -> dict[str, Any]:
        plugins, workflows = {}, {}
        for task in tasks:
            name = PYTHON_TASK if task.kind is TaskKind.PYTHON else ECHO
            if task.kind is TaskKind.WORKFLOW:
                version = self.parts.versions.get(connection, int(task.workflow or 0))
                workflows[task.name] = {
                    "workflow_id": version.workflow_id, "version_id": version.id, "version": version.version,
                }  # fmt: skip
            elif task.kind in {TaskKind.PYTHON, TaskKind.PLUGIN}:
                plugins[task.name] = {
                    "plugin_id": self.plugin_ids[name], "name": name, "version": "1", "timeout_s": 60,
                    "max_retries": 0,
                }  # fmt: skip
        return {"plugins": plugins, "workflows": workflows}


def python(name: str, *after: str, **fields: Any) -> Task:
    return Task(name=name, dependencies=list(after), **{"python_callable": "pass", **fields})


def plugin(name: str, *after: str, **fields: Any) -> Task:
    return Task(name=name, kind=TaskKind.PLUGIN, plugin_name=ECHO, dependencies=list(after), **fields)


ADD_WORKFLOW = text("""
    INSERT INTO workflows (owner_id, name, description, is_active, params, settings)
    VALUES (:owner_id, CAST(gen_random_uuid() AS text), '', true, '{}', '{}') RETURNING id
""")
ADD_VERSION = text("""
    INSERT INTO workflow_versions (workflow_id, version, definition, pins, digest, deployed_by)
    VALUES (:workflow_id, 1, CAST(:definition AS json), CAST(:pins AS json), '', :owner_id) RETURNING id
""")
JOB_OF = text("""
    SELECT j.id, j.uid, j.attempt FROM run_steps AS s JOIN jobs AS j ON j.id = s.job_id
    WHERE s.run_id = :run_id AND s.task = :task AND s.map_index = :at
""")
INPUT_OF = text("""
    SELECT CAST(j.input_data AS text) AS input_data FROM run_steps AS s JOIN jobs AS j ON j.id = s.job_id
    WHERE s.run_id = :run_id AND s.task = :task AND s.map_index = :at
""")
