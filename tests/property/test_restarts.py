"""Whatever failed, and wherever a run is restarted: it ends as a clean run of the same workflow would."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from operation_server.workflows.graph import WorkflowGraph
from operation_server.workflows.plan import FAILED, Upstream, judge, tasks_again
from operation_server.workflows.restarting import Action, plan_restart
from satellite.contracts.workflow import Join, Task
from satellite.contracts.workflow_run import TaskStatus

OUTCOMES = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED)
"""What becomes of a task that is let run; the last one is that of a condition that does not hold."""

Statuses = Mapping[str, TaskStatus]


@st.composite
def graphs(draw: st.DrawFn) -> WorkflowGraph:
    names = [f"t{number}" for number in range(draw(st.integers(1, 8)))]
    tasks = []
    for place, name in enumerate(names):
        before = draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=3)) if place else []
        tasks.append(Task(name=name, dependencies=before, join=draw(st.sampled_from(Join))))
    return WorkflowGraph.of(tasks)


def played(graph: WorkflowGraph, outcomes: Statuses, begun: Statuses) -> dict[str, TaskStatus]:
    """Return how all tasks end, where some have ended before and each other one ends as `outcomes` says."""
    ended = dict(begun)
    for name, task in graph.tasks.items():
        if name in ended:
            continue
        before = [ended[each] for each in graph.upstream(name)]
        upstream = Upstream(
            completed=before.count(TaskStatus.COMPLETED),
            failed=sum(each in FAILED for each in before),
            skipped=before.count(TaskStatus.SKIPPED),
        )
        status = judge(task.join, upstream, is_cancelling=False)
        ended[name] = outcomes[name] if status is TaskStatus.RUNNING else status
    return ended


def outcomes_of(draw: st.DrawFn, graph: WorkflowGraph) -> Statuses:
    return {name: draw(st.sampled_from(OUTCOMES)) for name in graph.tasks}


@st.composite
def stories(draw: st.DrawFn) -> tuple[WorkflowGraph, Statuses, list[str] | None]:
    graph = draw(graphs())
    asked = draw(st.none() | st.lists(st.sampled_from(list(graph.tasks)), unique=True))
    return graph, outcomes_of(draw, graph), asked


@given(stories())
@settings(max_examples=300, database=None, derandomize=True)
def test_a_restart_from_any_task_ends_as_a_clean_run(
    story: tuple[WorkflowGraph, Statuses, list[str] | None],
) -> None:
    graph, outcomes, asked = story
    clean = played(graph, outcomes, {})
    plan = plan_restart(graph, clean, changed=(), asked=asked)
    taken_over = {each.task: clean[each.task] for each in plan if each.action is Action.REUSE}

    assert played(graph, outcomes, taken_over) == clean
    for each in plan:
        if each.action is Action.REUSE:
            assert all(name in taken_over for name in graph.ancestors(each.task))


@given(st.data())
@settings(max_examples=300, database=None, derandomize=True)
def test_a_cure_and_a_restart_end_as_if_nothing_had_been_wrong(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    cured = dict.fromkeys(graph.tasks, TaskStatus.COMPLETED)
    broken = {
        name: data.draw(st.sampled_from([TaskStatus.COMPLETED, TaskStatus.FAILED])) for name in graph.tasks
    }
    first = played(graph, broken, {})
    plan = plan_restart(graph, first, changed=())
    taken_over = {each.task: first[each.task] for each in plan if each.action is Action.REUSE}

    assert played(graph, cured, taken_over) == played(graph, cured, {})


@given(st.data())
@settings(max_examples=300, database=None, derandomize=True)
def test_a_retry_repeats_nothing_that_completed(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    statuses = played(graph, {name: data.draw(st.sampled_from(OUTCOMES)) for name in graph.tasks}, {})
    again = tasks_again(graph, statuses)

    assert not any(statuses[name] is TaskStatus.COMPLETED for name in again)
    assert all(name in again for name, status in statuses.items() if status in FAILED)
