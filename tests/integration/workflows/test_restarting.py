"""A restart begins a new run that takes over what still holds."""

from __future__ import annotations

from satellite.contracts.workflow import Join
from tests.integration.workflows.played_run import Player, plugin, python


def test_from_a_task_with_all_that_comes_after_it(player: Player) -> None:
    run_id = player.begin(player.deploy(python("a"), python("b", "a"), python("c", "b"), python("d")))
    player.advance()
    for name in "abcd":
        player.end(run_id, name, {"xcoms": {"of": name}})

    again, plan = player.restart(run_id, "b")

    assert plan == {"a": "reuse", "b": "run", "c": "run", "d": "reuse"}
    assert player.statuses(again) == {"a": "completed", "b": "running", "c": "pending", "d": "completed"}
    assert player.input_of(again, "b")["xcoms"]["a"][0]["values"] == {"of": "a"}
    player.end(again, "b", {"xcoms": {"of": "b, again"}})
    assert player.input_of(again, "c")["xcoms"]["b"][0]["values"] == {"of": "b, again"}
    player.end(again, "c", {"xcoms": {}})
    assert (player.status(again), player.jobs(again), player.run(again).restarted_from) == (
        "completed", 2, run_id,
    )  # fmt: skip


def test_what_was_taken_over_is_taken_over_again(player: Player) -> None:
    run_id = player.begin(player.deploy(python("a"), python("b", "a")))
    player.advance()
    player.end(run_id, "a", {"xcoms": {"x": 1}})
    player.fail(run_id, "b")
    second, _ = player.restart(run_id)
    player.fail(second, "b")

    third, plan = player.restart(second)

    assert plan == {"a": "reuse", "b": "run"}
    assert player.input_of(third, "b")["xcoms"]["a"][0]["values"] == {"x": 1}


def test_items_of_a_mapped_task_are_taken_over_one_by_one(player: Player) -> None:
    version = player.deploy(
        plugin("each", map_over="params.items", input="${{ item }}"), python("join", "each"),
        params={"items": [1, 2]},
    )  # fmt: skip
    run_id = player.begin(version)
    player.advance()
    for at in range(2):
        player.end(run_id, "each", at + 10, at=at)
    player.fail(run_id, "join")

    again, _ = player.restart(run_id)

    values = [each["values"]["return_value"] for each in player.input_of(again, "join")["xcoms"]["each"]]
    assert values == [10, 11]


def test_of_another_version_only_what_is_the_same_in_both(player: Player) -> None:
    run_id = player.begin(player.deploy(python("a"), python("b", "a"), python("c")))
    player.advance()
    for name in "abc":
        player.end(run_id, name, {"xcoms": {}})
    other = player.deploy(python("a", python_callable="x = 1"), python("b", "a"), python("c"), python("new"))

    again, plan = player.restart(run_id, version_id=other)

    assert plan == {"a": "run", "b": "run", "c": "reuse", "new": "run"}
    assert player.statuses(again) == {"a": "running", "b": "pending", "c": "completed", "new": "running"}


def test_a_skipped_branch_stays_skipped(player: Player) -> None:
    version = player.deploy(
        python("a"), python("b", when="false"), python("c", "a", "b", join=Join.DEFAULT), python("d", "c")
    )
    run_id = player.begin(version)
    player.advance()
    player.end(run_id, "a", {"xcoms": {}})
    player.end(run_id, "c", {"xcoms": {}})
    player.fail(run_id, "d")

    again, plan = player.restart(run_id, "c")

    assert plan == {"a": "reuse", "b": "reuse", "c": "run", "d": "run"}
    assert player.statuses(again) == {"a": "completed", "b": "skipped", "c": "running", "d": "pending"}


def test_where_nothing_is_left_to_run_the_run_is_complete(player: Player) -> None:
    run_id = player.begin(player.deploy(python("a")))
    player.advance()
    player.end(run_id, "a", {"xcoms": {}})

    again, _ = player.restart(run_id)

    assert (player.status(again), player.jobs(again)) == ("completed", 0)
