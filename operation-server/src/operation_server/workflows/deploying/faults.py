"""What keeps a definition from being deployed, as far as the document alone tells; nothing of it is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from operation_server.problems import Violation
from operation_server.workflows.expressions.checks import (
    check_expression,
    check_template,
    tasks_read,
    tasks_read_in,
)
from operation_server.workflows.graph import WorkflowGraph, find_cycle
from operation_server.workflows.schedules.fault import schedule_fault
from satellite.contracts.workflow import NEEDED, OF_KIND, Task, TaskKind, WorkflowDefinition


def faults_of(definition: WorkflowDefinition) -> list[Violation]:
    """Return everything that is wrong with a definition, each below the name of its task."""
    found = [*_unfit_names(definition.tasks), *_unknown_dependencies(definition.tasks)]
    if definition.schedule is not None and (fault := schedule_fault(definition.schedule)) is not None:
        found.append(Violation("/schedule", fault))
    if not definition.tasks:
        found.append(Violation("/tasks", "are none; add one"))
    for task in definition.tasks:
        found += _unfit_fields(task)
    key = definition.settings.concurrency_key
    if key is not None and (fault := check_expression(key)) is not None:
        found.append(Violation("/settings/concurrency_key", fault))
    if found:
        return found
    cycle = find_cycle(definition.tasks)
    if cycle is not None:
        return [Violation(at(cycle[0], "dependencies"), f"make a circle: {' → '.join(reversed(cycle))}")]
    return list(_unfit_expressions(WorkflowGraph.of(definition.tasks)))


def at(task: str, field: str) -> str:
    """Return where a fault of a task is told to be."""
    return f"/tasks/{task}/{field}"


def _unfit_names(tasks: Iterable[Task]) -> Iterator[Violation]:
    for name, count in Counter(task.name for task in tasks).items():
        if count > 1:
            yield Violation(at(name, "name"), f"is that of {count} tasks")


def _unknown_dependencies(tasks: Iterable[Task]) -> Iterator[Violation]:
    names = {task.name for task in tasks}
    for task in tasks:
        for name in task.dependencies:
            if name == task.name:
                yield Violation(at(task.name, "dependencies"), "name the task itself")
            elif name not in names:
                yield Violation(at(task.name, "dependencies"), f"name {name}, and there is no such task")


def _unfit_fields(task: Task) -> Iterator[Violation]:
    needed = NEEDED.get(task.kind)
    if needed is not None and getattr(task, needed) is None:
        yield Violation(at(task.name, needed), f"is missing: a task of kind {task.kind} needs it")
    allowed = OF_KIND[task.kind]
    for kind, fields in OF_KIND.items():
        for name in fields:
            if name not in allowed and kind is not task.kind and getattr(task, name) is not None:
                yield Violation(
                    at(task.name, name), f"is of tasks of kind {kind}, and this one is {task.kind}"
                )
    if task.max_parallel is not None and task.map_over is None:
        yield Violation(at(task.name, "max_parallel"), "is of tasks with map_over")
    if task.map_over is not None and task.kind is TaskKind.APPROVAL:
        yield Violation(at(task.name, "map_over"), "is not for approvals")


def _unfit_expressions(graph: WorkflowGraph) -> Iterator[Violation]:
    for task in graph.tasks.values():
        is_mapped = task.map_over is not None
        read: set[str] = set()
        for field in ("when", "map_over"):
            expression = getattr(task, field)
            if expression is None:
                continue
            if (fault := check_expression(expression)) is not None:
                yield Violation(at(task.name, field), fault)
            else:
                read |= tasks_read(expression)
        unfit = check_template(task.input, has_item=is_mapped)
        for each in unfit:
            yield Violation(at(task.name, "input") + each.pointer, each.message)
        if not unfit:
            read |= tasks_read_in(task.input)
        yield from _not_upstream(graph, task, read)


def _not_upstream(graph: WorkflowGraph, task: Task, read: Iterable[str]) -> Iterator[Violation]:
    for name in sorted(read):
        if name not in graph.tasks:
            yield Violation(
                at(task.name, "dependencies"), f"results.{name} is read, and there is no such task"
            )
        elif name not in graph.ancestors(task.name):
            yield Violation(
                at(task.name, "dependencies"), f"results.{name} is read, and {name} is not before it; add it"
            )
