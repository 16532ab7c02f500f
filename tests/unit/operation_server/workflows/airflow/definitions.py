"""Workflows of all that their authors may write, for the export."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from satellite.contracts.workflow import TASK_NAME_PATTERN, WorkflowDefinition

# What would end a text, a line or a string, or run code, if an export took it for its own.
HOSTILE = [
    '"',
    "'",
    '"""',
    "'''",
    "\\",
    "\\\n",
    "\n",
    "\r",
    "\t",
    "\0",
    "\x85",
    "\u2028",
    "{{ x }}",
    "한",
    "🛰",
]
TEXTS = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=12).map("".join)
NAMES = st.one_of(
    st.sampled_from(["class", "dag", "DAG", "a.b", "a-b", "a_b", "_", "trigger_run", "end_run", "x" * 100]),
    st.from_regex(TASK_NAME_PATTERN.replace("$", r"\Z"), fullmatch=True),
)
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
    ),
    lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(TEXTS, children, max_size=4)),
    max_leaves=8,
)


@st.composite
def definitions(draw: st.DrawFn) -> WorkflowDefinition:
    """Draw a workflow that Airflow can do, in which each task may follow all that stand before it."""
    names = draw(st.lists(NAMES, unique=True, max_size=5))
    tasks = [
        python_task(
            name,
            dependencies=draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else [],
            python_callable=draw(TEXTS),
            params=draw(st.dictionaries(TEXTS, JSON, max_size=2)),
            retry_count=draw(st.integers(0, 3)),
        )
        for index, name in enumerate(names)
    ]
    return workflow(
        *tasks,
        name=draw(TEXTS.filter(lambda text: 0 < len(text) <= 200)),
        description=draw(TEXTS),
        schedule=draw(st.sampled_from([None, "@daily", "*/10 2 * * 1-5", {"every_s": 1.5}])),
        params=draw(st.dictionaries(TEXTS, JSON, max_size=2)),
    )


def python_task(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "python_callable": "print(1)\n"} | fields


def workflow(*tasks: dict[str, Any], **fields: Any) -> WorkflowDefinition:
    return WorkflowDefinition.model_validate({"name": "pipeline", "tasks": list(tasks)} | fields)
