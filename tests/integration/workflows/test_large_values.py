"""Values that are too large for inputs travel as files: stored ones, and some that nobody stores."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.grants import Grants
from operation_server.settings import OperationSettings
from satellite.contracts.attempt_files import input_path
from satellite.contracts.identity import AttemptKey
from tests.integration.workflows.played_run import Player, plugin, python

LARGE = 300_000
"""Of a value: four of them are more than an input has room for."""


def takes_files(player: Player) -> None:
    """Let the plugin of snippets be of those versions that are given files."""
    player.change(
        "UPDATE plugins SET manifest = jsonb_set(manifest, '{input_schema}', "
        """'{"type": "object", "properties": {"value_files": {}}}') WHERE name = 'python-task'"""
    )


def end_with_file(player: Player, run_id: int, task: str, *, at: int = -1, **xcoms: Any) -> str:
    """Let a step complete that has pushed `table` as a file, and return the file's id."""
    file_id = uuid4().hex
    step = next(each for each in player.steps(run_id, task) if each.map_index == at)
    player.change(
        "INSERT INTO files"
        " (id, owner_id, object_key, name, media_type, size_bytes, sha256, state, expires_at)"
        " VALUES (:id, :owner, :id, 'table.json', 'application/json', 3, 'abc', 'ready',"
        " now() + interval '1 day')",
        id=file_id, owner=player.owner_id,
    )  # fmt: skip
    player.change(
        "INSERT INTO artifacts (job_id, attempt, name, file_id) VALUES (:job, 1, 'xcoms/table.json', :id)",
        job=step.job_id, id=file_id,
    )  # fmt: skip
    files = {"table": {"name": "xcoms/table.json", "size_bytes": 3}}
    player.end(run_id, task, {"xcoms": xcoms, "files": files}, at=at)
    return file_id


def files_of(player: Player, run_id: int, task: str) -> list[Any]:
    job_id = player.steps(run_id, task)[0].job_id
    return list(player.rows("SELECT input_files FROM jobs WHERE id = :id", id=job_id)[0].input_files or [])


class TestStoredValues:
    def test_the_next_step_is_given_the_file_and_holds_it(self, player: Player) -> None:
        takes_files(player)
        run_id = player.begin(player.deploy(python("make"), python("use", "make")))
        player.advance()

        file_id = end_with_file(player, run_id, "make", rows=3)

        given = player.input_of(run_id, "use")
        assert given["xcoms"] == {"make": [{"map_index": None, "values": {"rows": 3}}]}
        assert given["value_files"] == [
            {"task": "make", "map_index": None, "key": "table", "path": {"$file": file_id}}
        ]
        (file,) = files_of(player, run_id, "use")
        assert (file["id"], file["pointers"]) == (file_id, ["/value_files/0/path"])
        uses = player.rows("SELECT job_id FROM file_uses WHERE file_id = :id", id=file_id)
        assert [use.job_id for use in uses] == [player.steps(run_id, "use")[0].job_id]

    def test_items_have_a_file_each(self, player: Player) -> None:
        takes_files(player)
        version = player.deploy(
            python("make", map_over="params.l"), python("use", "make"), params={"l": [1, 2]}
        )
        run_id = player.begin(version)
        player.advance()

        ids = [end_with_file(player, run_id, "make", at=at) for at in range(2)]

        given = player.input_of(run_id, "use")["value_files"]
        assert [(each["map_index"], each["path"]["$file"]) for each in given] == list(enumerate(ids))

    def test_a_restart_is_given_the_files_of_what_it_takes_over(self, player: Player) -> None:
        takes_files(player)
        version = player.deploy(python("make"), python("use", "make"))
        run_id = player.begin(version)
        player.advance()
        file_id = end_with_file(player, run_id, "make")
        player.end(run_id, "use", {"xcoms": {}})

        again, _ = player.restart(run_id, "use")

        assert player.input_of(again, "use")["value_files"][0]["path"] == {"$file": file_id}

    def test_a_file_that_is_gone_fails_the_step_and_is_named(self, player: Player) -> None:
        takes_files(player)
        run_id = player.begin(player.deploy(python("make"), python("wait", "make"), python("use", "wait")))
        player.advance()
        file_id = end_with_file(player, run_id, "make")
        player.change("UPDATE files SET state = 'deleting' WHERE id = :id", id=file_id)
        player.end(run_id, "wait", {"xcoms": {}})

        assert player.statuses(run_id)["use"] == "failed"
        error = player.steps(run_id, "use")[0].error
        assert error["message"] == "the value 'table' of make was a file, which is not stored any more"

    def test_an_older_plugin_of_snippets_is_given_none(self, player: Player) -> None:
        player.change(
            "UPDATE plugins SET manifest = jsonb_set(manifest, '{input_schema}', '{\"properties\": {}}')"
        )
        run_id = player.begin(player.deploy(python("make"), python("use", "make")))
        player.advance()
        end_with_file(player, run_id, "make")

        assert (
            "can be given: deploy it with a newer version" in player.steps(run_id, "use")[0].error["message"]
        )

    def test_an_input_hands_the_file_to_a_plugin(self, player: Player) -> None:
        schema = {"type": "object", "properties": {"data": {"format": "satellite-file"}}}
        player.change(
            "UPDATE plugins SET manifest = jsonb_set(manifest, '{input_schema}', CAST(:schema AS jsonb))"
            " WHERE name = 'echo'",
            schema=json.dumps(schema),
        )
        use = plugin("use", "make", input={"data": "${{ results.make.table }}", "n": "${{ results.make.n }}"})
        run_id = player.begin(player.deploy(python("make"), use))
        player.advance()

        file_id = end_with_file(player, run_id, "make", n=3)

        assert player.input_of(run_id, "use") == {"data": {"$file": file_id}, "n": 3}
        assert files_of(player, run_id, "use")[0]["pointers"] == ["/data"]

    @pytest.mark.parametrize(
        "task",
        [
            {"when": "results.make.table.size() > 1"},
            {"map_over": "results.make.table"},
        ],
    )
    def test_conditions_and_lists_cannot_read_it_and_say_so(
        self, player: Player, task: dict[str, Any]
    ) -> None:
        run_id = player.begin(player.deploy(python("make"), python("use", "make", **task)))
        player.advance()
        end_with_file(player, run_id, "make")

        assert player.statuses(run_id)["use"] == "failed"
        assert (
            "(conditions and lists cannot read files: results.make.table)"
            in player.run(run_id).error["message"]
        )


class TestManyValues:
    def test_what_does_not_fit_is_a_file_of_the_database(self, player: Player) -> None:
        takes_files(player)
        names = ("a", "b", "c", "d")
        run_id = player.begin(player.deploy(*(python(name) for name in names), python("use", *names)))
        player.advance()
        for place, name in enumerate(names):
            player.end(run_id, name, {"xcoms": {"k": name * (LARGE + place)}})

        given = player.input_of(run_id, "use")

        assert list(given["xcoms"]) == list(names)
        assert given["xcom_files"] == {"d": {"$file": "xcoms.d"}}
        assert given["xcoms"]["d"] == []
        assert given["xcoms"]["a"][0]["values"] == {"k": "a" * LARGE}
        (file,) = files_of(player, run_id, "use")
        content = b'[{"map_index":null,"values":{"k":"' + b"d" * (LARGE + 3) + b'"}}]'
        assert file == {
            "id": "xcoms.d", "pointers": ["/xcom_files/d"], "name": "d.json", "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }  # fmt: skip

    def test_many_items_are_one_file(self, player: Player) -> None:
        takes_files(player)
        version = player.deploy(
            python("each", map_over="params.l"), python("use", "each"), params={"l": list(range(5))}
        )
        run_id = player.begin(version)
        player.advance()
        for at in range(5):
            player.end(run_id, "each", {"xcoms": {"k": "x" * LARGE}}, at=at)

        assert player.input_of(run_id, "use")["xcom_files"] == {"each": {"$file": "xcoms.each"}}
        assert player.statuses(run_id)["use"] == "running"

    def test_expressions_read_them_all_the_same(self, player: Player) -> None:
        names = ("a", "b", "c", "d")
        use = plugin("use", *names, input={"n": "${{ results.a.k.size() + results.d.k.size() }}"})
        run_id = player.begin(player.deploy(*(python(name) for name in names), use))
        player.advance()
        for name in names:
            player.end(run_id, name, {"xcoms": {"k": "x" * LARGE}})

        assert player.input_of(run_id, "use") == {"n": 2 * LARGE}


class TestEmptyLists:
    def test_a_task_mapped_over_nothing_is_told_as_mapped(self, player: Player) -> None:
        version = player.deploy(
            python("each", map_over="params.l"),
            python("use", "each"),
            plugin("count", "each", input={"n": "${{ results.each.size() }}"}),
            params={"l": []},
        )
        run_id = player.begin(version)
        player.advance()

        given = player.input_of(run_id, "use")
        assert (given["xcoms"], given["mapped"]) == ({"each": []}, ["each"])
        assert player.input_of(run_id, "count") == {"n": 0}


class TestWorkers:
    async def test_the_worker_of_the_step_is_given_it_and_nobody_else(
        self, player: Player, engine: AsyncEngine, stranger: httpx.AsyncClient, settings: OperationSettings
    ) -> None:
        takes_files(player)
        names = ("a", "b", "c", "d")
        run_id = player.begin(player.deploy(*(python(name) for name in names), python("use", *names)))
        player.advance()
        for name in names:
            player.end(run_id, name, {"xcoms": {"k": "ü" * LARGE if name == "d" else 1}})
        (file,) = files_of(player, run_id, "use")
        step = player.steps(run_id, "use")[0]
        player.change(
            "UPDATE jobs SET status = 'processing', attempt = 1, dispatched_at = now() WHERE id = :id",
            id=step.job_id,
        )
        (job,) = player.rows("SELECT uid FROM jobs WHERE id = :id", id=step.job_id)
        key = AttemptKey(step.job_id, 1, job.uid)
        grants = Grants(settings.auth.secret_key)

        async def fetch(file_id: str, **headers: str) -> httpx.Response:
            path = input_path(key, file_id)
            grant = grants.sign("GET", path, ttl_s=60)
            return await stranger.get(path.removeprefix("/api/v1"), params={"grant": grant}, headers=headers)

        whole = await fetch(file["id"])
        assert hashlib.sha256(whole.content).hexdigest() == file["sha256"]
        assert len(whole.content) == file["size_bytes"]
        assert json.loads(whole.content) == [{"map_index": None, "values": {"k": "ü" * LARGE}}]
        part = await fetch(file["id"], Range="bytes=100-199")
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        assert (await fetch("xcoms.a")).status_code == 409
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE jobs SET status = 'completed' WHERE id = :id"), {"id": step.job_id}
            )
        assert (await fetch(file["id"])).status_code == 409
