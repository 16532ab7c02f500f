"""Runs go from task to task as their graph says, whatever becomes of each."""

from __future__ import annotations

import pytest

from operation_server.workflows.transitions import find_stuck, note_fault, wake_first_queued
from satellite.contracts.workflow import Join, OnItemFailure, Task, TaskKind, WorkflowSettings
from tests.integration.transitions.seed import add_user
from tests.integration.workflows.played_run import Player, plugin, python


class TestChain:
    def test_a_step_begins_when_the_one_before_it_has_completed(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b", "a")))
        player.advance()
        assert (player.status(run_id), player.statuses(run_id)) == (
            "processing",
            {"a": "running", "b": "pending"},
        )

        player.end(run_id, "a", {"xcoms": {"shape": {"$type": "tuple", "value": [3, 2]}}})
        given = player.input_of(run_id, "b")
        assert given["xcoms"] == {
            "a": [{"map_index": None, "values": {"shape": {"$type": "tuple", "value": [3, 2]}}}]
        }
        assert (given["context"]["task_id"], given["context"]["run_id"]) == ("b", run_id)

        player.end(run_id, "b", {"xcoms": {}})
        run = player.run(run_id)
        assert (run.status, run.tasks_left, run.steps_open, run.error) == ("completed", 0, 0, None)
        assert run.created_at <= run.started_at <= run.completed_at

    def test_what_failed_blocks_what_comes_after_and_the_others_go_on(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b", "a"), python("c", "b"), python("other")))
        player.advance()

        player.fail(run_id, "a")
        assert player.status(run_id) == "processing"
        player.end(run_id, "other", {"xcoms": {}})

        assert player.statuses(run_id) == {
            "a": "failed", "b": "blocked", "c": "blocked", "other": "completed",
        }  # fmt: skip
        run = player.run(run_id)
        assert (run.status, run.error["task"], run.error["kind"]) == ("failed", "a", "exit")

    def test_a_second_look_changes_nothing(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b", "a")))
        player.advance()
        player.end(run_id, "a", {"xcoms": {}})
        jobs = player.jobs(run_id)

        for _ in range(3):
            player.change("INSERT INTO run_wakeups (run_id) VALUES (:id)", id=run_id)
            player.advance()

        assert player.jobs(run_id) == jobs == 2


class TestJoin:
    @pytest.mark.parametrize(
        ("join", "wanted"),
        [
            (Join.DEFAULT, "blocked"),
            (Join.ALL_SUCCESS, "blocked"),
            (Join.ALL_DONE, "running"),
            (Join.ONE_FAILED, "running"),
            (Join.ALWAYS, "running"),
        ],
    )
    def test_after_a_failure(self, player: Player, join: Join, wanted: str) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b"), python("c", "a", "b", join=join)))
        player.advance()
        player.fail(run_id, "a")
        assert player.statuses(run_id)["c"] == "pending"
        player.end(run_id, "b", {"xcoms": {}})

        assert player.statuses(run_id)["c"] == wanted

    @pytest.mark.parametrize(
        ("join", "wanted"),
        [
            (Join.DEFAULT, "running"),
            (Join.ALL_SUCCESS, "skipped"),
            (Join.ALL_DONE, "running"),
            (Join.ONE_FAILED, "skipped"),
        ],
    )
    def test_of_a_branch_that_was_skipped(self, player: Player, join: Join, wanted: str) -> None:
        run_id = player.begin(
            player.deploy(python("a"), python("b", when="1 == 2"), python("c", "a", "b", join=join))
        )
        player.advance()
        player.end(run_id, "a", {"xcoms": {}})

        assert player.statuses(run_id) == {"a": "completed", "b": "skipped", "c": wanted}

    def test_where_all_was_skipped_the_rest_is_too(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a", when="false"), python("b", "a"), python("c", "b")))
        player.advance()

        assert player.statuses(run_id) == dict.fromkeys("abc", "skipped")
        assert player.status(run_id) == "completed"


class TestConditions:
    def test_results_and_params_decide(self, player: Player) -> None:
        version = player.deploy(
            python("a"),
            plugin("good", "a", when="results.a.score > params.least", input={"n": "${{ results.a.score }}"}),
            plugin("bad", "a", when="results.a.score <= params.least", input={"n": 0}),
            params={"least": 0.5},
        )
        run_id = player.begin(version, params={"least": 0.8})
        player.advance()
        player.end(run_id, "a", {"xcoms": {"score": 0.9}})

        assert player.statuses(run_id) == {"a": "completed", "bad": "skipped", "good": "running"}
        assert player.input_of(run_id, "good") == {"n": 0.9}

    def test_one_without_a_value_fails_its_task_and_says_why(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b", "a", when="results.a.missing > 1")))
        player.advance()
        player.end(run_id, "a", {"xcoms": {}})

        assert player.status(run_id) == "failed"
        assert "missing" in player.run(run_id).error["message"]

    def test_an_input_that_breaks_the_schema_of_its_plugin_fails_before_it_is_a_job(
        self, player: Player
    ) -> None:
        schema = '{"type": "object", "properties": {"n": {"type": "integer"}}}'
        player.change(
            "UPDATE plugins SET manifest = jsonb_set(manifest, '{input_schema}', CAST(:s AS jsonb))"
            " WHERE name = 'echo'",
            s=schema,
        )
        run_id = player.begin(player.deploy(plugin("a", input={"n": "${{ params.n }}"}), params={"n": "one"}))
        player.advance()

        assert (player.status(run_id), player.jobs(run_id)) == ("failed", 0)
        assert "/n" in player.run(run_id).error["message"]


class TestFiles:
    SCHEMA = '{"type": "object", "properties": {"table": {"format": "satellite-file"}}}'

    def begin(self, player: Player, file_id: str) -> int:
        player.change(
            "UPDATE plugins SET manifest = jsonb_set(manifest, '{input_schema}', CAST(:s AS jsonb))"
            " WHERE name = 'echo'",
            s=self.SCHEMA,
        )
        version = player.deploy(plugin("a", input={"table": {"$file": "${{ params.file }}"}}))
        run_id = player.begin(version, params={"file": file_id})
        player.advance()
        return run_id

    def store(self, player: Player, owner_id: int) -> str:
        player.change(
            "INSERT INTO files"
            " (id, owner_id, object_key, name, media_type, size_bytes, sha256, state, expires_at)"
            " VALUES (:id, :owner, :id, 't.csv', 'text/csv', 3, :sha, 'ready', now() + interval '1 day')",
            id="f" * 32, owner=owner_id, sha="0" * 64,
        )  # fmt: skip
        return "f" * 32

    def test_a_step_holds_the_files_it_refers_to(self, player: Player) -> None:
        file_id = self.store(player, player.owner_id)
        run_id = self.begin(player, file_id)

        (job,) = player.rows("SELECT id, input_files FROM jobs WHERE run_id = :id", id=run_id)
        assert [(file["id"], file["pointers"]) for file in job.input_files] == [(file_id, ["/table"])]
        assert [use.job_id for use in player.rows("SELECT job_id FROM file_uses")] == [job.id]

    @pytest.mark.parametrize("is_somebodys", [True, False])
    def test_what_its_owner_does_not_see_is_not_there(self, player: Player, *, is_somebodys: bool) -> None:
        if is_somebodys:
            with player.engine.begin() as connection:
                eve = add_user(connection, "eve")
            self.store(player, eve)
        run_id = self.begin(player, "f" * 32)

        assert (player.status(run_id), player.jobs(run_id)) == ("failed", 0)
        assert "there is no file" in player.run(run_id).error["message"]


class TestMap:
    def test_a_task_runs_for_each_item_and_the_next_sees_all(self, player: Player) -> None:
        version = player.deploy(
            python("list"),
            plugin("each", "list", map_over="results.list.return_value", input="${{ item }}"),
            python("join", "each"),
        )
        run_id = player.begin(version)
        player.advance()
        player.end(run_id, "list", {"xcoms": {"return_value": ["x", "y", "z"]}})
        assert [player.input_of(run_id, "each", at=at) for at in range(3)] == ["x", "y", "z"]

        for at in (2, 0, 1):
            player.end(run_id, "each", at * 10, at=at)

        assert player.input_of(run_id, "join")["xcoms"]["each"] == [
            {"map_index": at, "values": {"return_value": at * 10}} for at in range(3)
        ]

    def test_a_task_that_was_skipped_has_pushed_nothing(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b", when="false"), python("c", "a", "b")))
        player.advance()
        player.end(run_id, "a", {"xcoms": {"x": 1}})

        assert player.input_of(run_id, "c")["xcoms"] == {
            "a": [{"map_index": None, "values": {"x": 1}}],
            "b": [],
        }

    def test_an_empty_list_is_complete(self, player: Player) -> None:
        run_id = player.begin(
            player.deploy(plugin("each", map_over="params.l"), python("b", "each"), params={"l": []})
        )
        player.advance()

        assert player.statuses(run_id) == {"each": "completed", "b": "running"}

    def test_no_more_items_at_once_than_it_says(self, player: Player) -> None:
        version = player.deploy(
            plugin("each", map_over="params.items", max_parallel=2, input="${{ item }}"),
            params={"items": list(range(5))},
        )
        run_id = player.begin(version)
        player.advance()
        open_at_most = 0
        for at in range(5):
            under_way = [step for step in player.steps(run_id, "each") if step.status == "submitted"]
            open_at_most = max(open_at_most, len(under_way))
            player.end(run_id, "each", at=under_way[0].map_index)
            assert at == 4 or player.status(run_id) == "processing"

        assert (open_at_most, player.status(run_id), player.jobs(run_id)) == (2, "completed", 5)

    def test_after_a_failure_no_further_item_begins(self, player: Player) -> None:
        version = player.deploy(
            plugin("each", map_over="params.items", max_parallel=1), python("b", "each"),
            params={"items": [1, 2, 3]},
        )  # fmt: skip
        run_id = player.begin(version)
        player.advance()
        player.fail(run_id, "each", at=0)

        assert (player.status(run_id), player.jobs(run_id)) == ("failed", 1)
        assert player.statuses(run_id) == {"each": "failed", "b": "blocked"}
        assert player.run(run_id).steps_ready == 0

    def test_where_failures_are_collected_all_items_run(self, player: Player) -> None:
        version = player.deploy(
            plugin("each", map_over="params.items", max_parallel=1, on_item_failure=OnItemFailure.COLLECT),
            params={"items": [1, 2, 3]},
        )
        run_id = player.begin(version)
        player.advance()
        for at in range(3):
            (player.fail if at == 0 else player.end)(run_id, "each", at=at)

        assert (player.status(run_id), player.jobs(run_id)) == ("failed", 3)

    def test_ten_thousand_items(self, player: Player) -> None:
        version = player.deploy(
            plugin("each", map_over="params.items", input="${{ item }}"),
            params={"items": list(range(10_000))},
        )
        run_id = player.begin(version)
        player.advance()

        run = player.run(run_id)
        assert (run.steps_open, run.steps_ready, player.jobs(run_id)) == (10_000, 0, 10_000)

    def test_one_item_more_is_refused(self, player: Player) -> None:
        version = player.deploy(
            plugin("each", map_over="params.items"), params={"items": list(range(10_001))}
        )
        run_id = player.begin(version)
        player.advance()

        assert player.status(run_id) == "failed"
        assert "10001 items" in player.run(run_id).error["message"]


class TestLimits:
    def test_steps_of_a_run_at_once(self, player: Player) -> None:
        tasks = [python(name) for name in "abcd"]
        run_id = player.begin(player.deploy(*tasks, settings=WorkflowSettings(max_parallel=2)))
        player.advance()
        assert (player.run(run_id).steps_open, player.run(run_id).steps_ready) == (2, 2)

        player.end(run_id, "a", {"xcoms": {}})
        assert (player.run(run_id).steps_open, player.jobs(run_id)) == (2, 3)
        for name in "bcd":
            player.end(run_id, name, {"xcoms": {}})
        assert player.status(run_id) == "completed"

    def test_runs_of_a_workflow_at_once_oldest_first(self, player: Player) -> None:
        version = player.deploy(python("a"), settings=WorkflowSettings(max_active_runs=1))
        runs = [player.begin(version) for _ in range(4)]
        player.advance()
        for number, run_id in enumerate(runs):
            wanted = ["completed"] * number + ["processing"] + ["queued"] * (3 - number)
            assert [player.status(each) for each in runs] == wanted
            player.end(run_id, "a", {"xcoms": {}})

    def test_one_that_only_waits_holds_no_place(self, player: Player) -> None:
        version = player.deploy(
            Task(name="ask", kind=TaskKind.APPROVAL), python("a", "ask"),
            settings=WorkflowSettings(max_active_runs=1),
        )  # fmt: skip
        first, second = player.begin(version), player.begin(version)
        player.advance()

        assert [player.statuses(run)["ask"] for run in (first, second)] == ["waiting", "waiting"]

    def test_of_runs_with_one_key_one_at_a_time(self, player: Player) -> None:
        version = player.deploy(python("a"))
        first, same, other = (
            player.begin(version, concurrency_key=key) for key in ("seoul", "seoul", "busan")
        )
        player.advance()
        assert [player.status(run) for run in (first, same, other)] == ["processing", "queued", "processing"]

        player.end(first, "a", {"xcoms": {}})
        assert player.status(same) == "processing"

    def test_a_run_of_a_free_key_begins_however_many_wait_for_another(self, player: Player) -> None:
        version = player.deploy(python("a"))
        held = [player.begin(version, concurrency_key="seoul") for _ in range(25)]
        first, second = (player.begin(version, concurrency_key="busan") for _ in range(2))
        player.advance()
        player.end(first, "a", {"xcoms": {}})
        with player.engine.begin() as connection:
            wake_first_queued(connection)
        player.advance()

        assert (player.status(second), player.status(held[1])) == ("processing", "queued")


class TestWaiting:
    def test_an_approval_goes_on_with_what_was_given(self, player: Player) -> None:
        version = player.deploy(
            Task(name="ask", kind=TaskKind.APPROVAL),
            plugin("a", "ask", input="${{ results.ask.data.alias }}"),
        )
        run_id = player.begin(version)
        player.advance()
        assert (player.statuses(run_id)["ask"], player.jobs(run_id)) == ("waiting", 0)

        assert player.decide(run_id, "ask", is_approved=True, alias="champion")
        assert player.input_of(run_id, "a") == "champion"
        assert not player.decide(run_id, "ask", is_approved=False)

    def test_a_rejection_fails_the_run(self, player: Player) -> None:
        run_id = player.begin(player.deploy(Task(name="ask", kind=TaskKind.APPROVAL), python("a", "ask")))
        player.advance()
        player.decide(run_id, "ask", is_approved=False)

        assert (player.status(run_id), player.statuses(run_id)["a"]) == ("failed", "blocked")
        assert player.run(run_id).error["message"] == "Rejected by ada."

    def test_time_ends_a_wait_well_and_an_approval_badly(self, player: Player) -> None:
        version = player.deploy(
            Task(name="wait", kind=TaskKind.WAIT, wait_s=60),
            Task(name="ask", kind=TaskKind.APPROVAL, expires_s=60),
            Task(name="patient", kind=TaskKind.APPROVAL),
        )
        run_id = player.begin(version)
        player.advance()
        player.let_time_pass()

        assert player.statuses(run_id) == {"ask": "failed", "patient": "waiting", "wait": "completed"}


class TestOtherWorkflow:
    def test_a_run_does_a_step_of_another(self, player: Player) -> None:
        inner = player.deploy(python("a"), params={"days": 1})
        outer = player.deploy(
            Task(name="sub", kind=TaskKind.WORKFLOW, workflow=str(inner), input={"days": 7}),
            python("b", "sub"),
        )
        run_id = player.begin(outer)
        player.advance()
        (step,) = player.steps(run_id, "sub")
        child = player.run(step.job_id)
        assert (child.parent_run_id, child.trigger, child.params) == (run_id, "workflow", {"days": 7})

        player.end(child.id, "a", {"xcoms": {}})
        assert player.statuses(run_id) == {"b": "running", "sub": "completed"}

    def test_its_failure_and_its_cancel_are_those_of_the_step(self, player: Player) -> None:
        inner = player.deploy(python("a"))
        outer = player.deploy(Task(name="sub", kind=TaskKind.WORKFLOW, workflow=str(inner)))
        failing, cancelled = player.begin(outer), player.begin(outer)
        player.advance()
        player.cancel(cancelled)
        player.fail(player.steps(failing, "sub")[0].job_id, "a")

        assert (player.status(failing), player.status(cancelled)) == ("failed", "cancelled")


class TestCancel:
    def test_nothing_new_begins_and_what_waits_ends(self, player: Player) -> None:
        version = player.deploy(
            python("a"), python("b", "a"), Task(name="ask", kind=TaskKind.APPROVAL),
            python("clean", "a", join=Join.ALWAYS),
        )  # fmt: skip
        run_id = player.begin(version)
        player.advance()
        player.cancel(run_id)

        assert player.statuses(run_id) == {
            "a": "cancelled", "ask": "cancelled", "b": "cancelled", "clean": "running",
        }  # fmt: skip
        player.end(run_id, "clean", {"xcoms": {}})
        assert player.status(run_id) == "cancelled"

    def test_of_steps_that_wait_for_room(self, player: Player) -> None:
        version = player.deploy(
            python("a"), python("b"), plugin("each", map_over="params.items", max_parallel=1),
            settings=WorkflowSettings(max_parallel=2), params={"items": [1, 2, 3]},
        )  # fmt: skip
        run_id = player.begin(version)
        player.advance()
        assert player.run(run_id).steps_ready == 3
        player.cancel(run_id)

        run = player.run(run_id)
        assert (run.status, run.steps_ready, run.steps_open) == ("cancelled", 0, 0)
        assert player.statuses(run_id) == dict.fromkeys(("a", "b", "each"), "cancelled")
        assert player.retry(run_id)
        assert player.run(run_id).steps_ready + player.run(run_id).steps_open == 5

    def test_of_one_that_has_not_begun(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a")))
        player.cancel(run_id)

        assert (player.status(run_id), player.statuses(run_id), player.jobs(run_id)) == (
            "cancelled", {"a": "cancelled"}, 0,
        )  # fmt: skip


class TestRetry:
    def test_only_what_did_not_complete_runs_again(self, player: Player) -> None:
        version = player.deploy(python("a"), python("b", "a"), python("c", "b"), python("other"))
        run_id = player.begin(version)
        player.advance()
        player.end(run_id, "a", {"xcoms": {"x": 1}})
        player.end(run_id, "other", {"xcoms": {}})
        player.fail(run_id, "b")
        assert player.status(run_id) == "failed"
        job_id = player.steps(run_id, "b")[0].job_id

        assert player.retry(run_id)
        assert player.statuses(run_id) == {
            "a": "completed", "b": "running", "c": "pending", "other": "completed",
        }  # fmt: skip
        player.end(run_id, "b", {"xcoms": {}})
        player.end(run_id, "c", {"xcoms": {}})

        assert (player.status(run_id), player.run(run_id).error) == ("completed", None)
        assert player.steps(run_id, "b")[0].job_id == job_id
        assert player.jobs(run_id) == 4

    def test_of_items_only_those_that_failed(self, player: Player) -> None:
        version = player.deploy(
            plugin("each", map_over="params.items", on_item_failure=OnItemFailure.COLLECT),
            params={"items": [1, 2, 3]},
        )
        run_id = player.begin(version)
        player.advance()
        for at in range(3):
            (player.fail if at == 1 else player.end)(run_id, "each", at=at)

        player.retry(run_id)
        assert [step.status for step in player.steps(run_id, "each")] == [
            "completed", "submitted", "completed",
        ]  # fmt: skip
        player.end(run_id, "each", at=1)
        assert player.status(run_id) == "completed"

    def test_of_a_cancelled_run_and_of_an_approval_that_was_rejected(self, player: Player) -> None:
        run_id = player.begin(player.deploy(Task(name="ask", kind=TaskKind.APPROVAL), python("a", "ask")))
        player.advance()
        player.decide(run_id, "ask", is_approved=False)
        assert player.retry(run_id)
        assert player.statuses(run_id) == {"a": "pending", "ask": "waiting"}

        player.cancel(run_id)
        assert player.retry(run_id)
        player.decide(run_id, "ask", is_approved=True)
        player.end(run_id, "a", {"xcoms": {}})
        assert player.status(run_id) == "completed"

    def test_one_that_waits_for_its_turn_can_be_cancelled_with_what_runs_of_it(self, player: Player) -> None:
        version = player.deploy(python("a"), python("b", "a"), settings=WorkflowSettings(max_active_runs=1))
        failed = player.begin(version)
        player.advance()
        player.fail(failed, "a")
        other = player.begin(version)
        player.advance()
        assert player.retry(failed)
        assert (player.status(failed), player.status(other)) == ("queued", "processing")

        player.cancel(failed)
        assert (player.status(failed), player.statuses(failed)) == (
            "cancelled", {"a": "cancelled", "b": "cancelled"},
        )  # fmt: skip

    def test_of_what_goes_on_there_is_none(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a")))
        player.advance()

        assert not player.retry(run_id)


class TestFaults:
    def test_one_that_breaks_the_advancer_fails_at_the_fifth_time(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a"), python("b", "a")))
        player.advance()
        with player.engine.begin() as connection:
            told = [note_fault(connection, run_id, "KeyError: 'x'") for _ in range(5)]

        assert [each is not None for each in told] == [False] * 4 + [True]
        run = player.run(run_id)
        assert (run.status, run.error["kind"]) == ("failed", "internal")

    def test_what_would_be_stuck_is_found(self, player: Player) -> None:
        run_id = player.begin(player.deploy(python("a")))
        player.advance()
        player.change("UPDATE workflow_runs SET created_at = now() - interval '1 minute'")
        with player.engine.begin() as connection:
            assert find_stuck(connection) == []
        player.change("UPDATE run_steps SET status = 'completed'")

        with player.engine.begin() as connection:
            assert find_stuck(connection) == [run_id]


class TestLowPriority:
    def test_jobs_of_a_backfill_come_after_those_of_scheduled_runs(self, player: Player) -> None:
        version = player.deploy(python("a"))
        lower, usual = player.begin(version, priority=-1), player.begin(version, priority=0)
        player.advance()

        jobs = player.rows("SELECT run_id, priority FROM jobs ORDER BY order_key")
        assert [(job.run_id, job.priority) for job in jobs] == [(usual, 0), (lower, -1)]
