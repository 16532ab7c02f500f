"""What differs between two documents of a workflow."""

from __future__ import annotations

from typing import Any

from operation_server.workflows.differing import difference_of

A: dict[str, Any] = {"name": "a", "python_callable": "1"}
B: dict[str, Any] = {"name": "b", "python_callable": "2", "dependencies": ["a"]}


def told(before: dict[str, Any], after: dict[str, Any]) -> Any:
    return difference_of(before, after, version=1, against=None).model_dump(mode="json")


def test_the_same_differs_in_nothing() -> None:
    document = {"name": "w", "params": {"n": 1}, "tasks": [A, B]}
    assert told(document, document) == {
        "before": 1, "after": None, "is_different": False, "fields": [], "tasks": [], "order_of_tasks": False,
    }  # fmt: skip


def test_fields_and_tasks_are_told_one_by_one() -> None:
    before = {"name": "w", "params": {"n": 1}, "tasks": [A, B]}
    after = {"name": "w", "schedule": "@daily", "tasks": [B | {"python_callable": "3"}, {"name": "c"}]}

    found = told(before, after)

    assert found["fields"] == [
        {"field": "params", "before": {"n": 1}, "after": None},
        {"field": "schedule", "before": None, "after": "@daily"},
    ]
    assert found["tasks"] == [
        {"task": "a", "change": "removed", "fields": []},
        {
            "task": "b",
            "change": "changed",
            "fields": [{"field": "python_callable", "before": "2", "after": "3"}],
        },
        {"task": "c", "change": "added", "fields": []},
    ]
    assert (found["is_different"], found["order_of_tasks"]) == (True, False)


def test_another_order_is_a_difference() -> None:
    found = told({"name": "w", "tasks": [A, B]}, {"name": "w", "tasks": [B, A]})
    assert (found["is_different"], found["order_of_tasks"], found["tasks"]) == (True, True, [])
