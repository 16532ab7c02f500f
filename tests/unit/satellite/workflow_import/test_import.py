"""A DAG file becomes a workflow whose snippets do the same, and nothing of it is run for that."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from satellite.contracts.workflow import WorkflowDefinition
from satellite.workflow_import.dag_file import read_dag
from tests.unit.satellite.workflow_import.snippets import run

HEAD = """\
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.models.baseoperator import chain, cross_downstream
from airflow.sdk import task
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable

"""


def imported(text: str) -> dict[str, Any]:
    """Return the definition of a file, which must be one that the API takes."""
    definition = read_dag(text)
    WorkflowDefinition.model_validate(definition)
    return definition


def in_dag(body: str, *, before: str = "", arguments: str = "") -> dict[str, Any]:
    indented = "".join(f"    {line}\n" for line in dedent(body).splitlines())
    return imported(f'{HEAD}{dedent(before)}\nwith DAG(dag_id="flow", {arguments}):\n{indented}')


def edges(definition: dict[str, Any]) -> set[str]:
    return {
        f"{before}>{task['name']}" for task in definition["tasks"] for before in task.get("dependencies", [])
    }


def task_of(definition: dict[str, Any], name: str) -> dict[str, Any]:
    return next(task for task in definition["tasks"] if task["name"] == name)


class TestGraph:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ("a >> b >> c", {"a>b", "b>c"}),
            ("c << b << a", {"a>b", "b>c"}),
            ("a >> [b, c] >> d", {"a>b", "a>c", "b>d", "c>d"}),
            ("[a, b] >> c", {"a>c", "b>c"}),
            ("chain(a, [b, c], d)", {"a>b", "a>c", "b>d", "c>d"}),
            ("chain([a, b], [c, d])", {"a>c", "b>d"}),
            ("cross_downstream([a, b], [c, d])", {"a>c", "a>d", "b>c", "b>d"}),
            ("b.set_upstream(a)\nb.set_downstream([c, d])", {"a>b", "b>c", "b>d"}),
            ("both = [b, c]\na >> both", {"a>b", "a>c"}),
            ("a >> b\na >> b", {"a>b"}),
        ],
    )
    def test_edges_are_taken_over(self, lines: str, expected: set[str]) -> None:
        made = "".join(f'{name} = EmptyOperator(task_id="{name}")\n' for name in "abcd")

        assert edges(in_dag(made + lines)) == expected

    def test_what_a_function_is_given_comes_first(self) -> None:
        definition = in_dag(
            """
            @task
            def one():
                return 1

            @task
            def add(x, y=0):
                return x + y

            add(add(one()), y=one())
            """
        )

        assert edges(definition) == {"one>add", "add>add__1", "one__1>add__1"}
        assert run(definition) == {"one": 1, "add": 1, "one__1": 1, "add__1": 2}


class TestSettings:
    def test_arguments_of_the_dag(self) -> None:
        definition = imported(
            dedent("""
            import pendulum
            from datetime import timedelta
            from airflow.sdk import dag

            HOURS = 2

            @dag(
                dag_display_name="The flow",
                description="Flows.",
                schedule="0 2 * * *",
                start_date=pendulum.datetime(2024, 1, 1, tz="Asia/Seoul"),
                catchup=False,
                max_active_runs=1,
                max_active_tasks=4,
                dagrun_timeout=timedelta(hours=HOURS),
                is_paused_upon_creation=True,
                params={"n": 3},
                tags=["x"],
            )
            def flow():
                pass

            flow()
            """)
        )

        assert definition == {
            "name": "The flow",
            "description": "Flows.",
            "schedule": {"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
            "is_active": False,
            "params": {"n": 3},
            "settings": {"max_active_runs": 1, "max_parallel": 4, "deadline_s": 7200},
            "tasks": [],
        }

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ("schedule=None", None),
            ("schedule='@daily'", {"cron": "@daily", "overlap": "allow"}),
            ("schedule_interval='@daily', max_active_runs=1", {"cron": "@daily"}),
            (
                "schedule=CronTriggerTimetable('0 2 * * *', timezone='Asia/Seoul'), max_active_runs=1",
                {"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
            ),
            ("schedule=DeltaTriggerTimetable(timedelta(hours=1))", {"every_s": 3600, "overlap": "allow"}),
            ("schedule=timedelta(minutes=5)", {"every_s": 300, "overlap": "allow"}),
        ],
    )
    def test_schedules(self, arguments: str, expected: object) -> None:
        assert in_dag("pass", arguments=arguments)["schedule"] == expected

    def test_settings_of_tasks_go_over_those_of_all(self) -> None:
        definition = in_dag(
            """
            a = EmptyOperator(task_id="a")
            a.doc_md = __doc__
            hour = timedelta(hours=1)
            b = EmptyOperator(task_id="b", retries=0, trigger_rule="all_done", execution_timeout=hour)
            """,
            before='defaults = {"retries": 2, "retry_delay": timedelta(minutes=1), "owner": "me"}',
            arguments="default_args=defaults",
        )

        assert task_of(definition, "a") == {
            "name": "a",
            "python_callable": "pass\n",
            "join": "all_success",
            "retry_count": 2,
            "retry_delay": 60,
        }
        assert task_of(definition, "b")["retry_count"] == 0
        assert task_of(definition, "b")["join"] == "all_done"
        assert task_of(definition, "b")["timeout_s"] == 3600


class TestSnippets:
    def test_a_function_brings_what_it_needs(self) -> None:
        definition = in_dag(
            """
            PythonOperator(task_id="a", python_callable=work, op_args=[2], op_kwargs={"y": BASE})
            """,
            before='''
            import json, math
            BASE = 10
            UNUSED = print("at import")

            def twice(function):
                return lambda *a, **k: 2 * function(*a, **k)

            @twice
            def sum(x):
                # Of what helper says.
                return math.sqrt(x)

            def work(x, y, ds, *, z=1, **kwargs):
                """Work: it's "done"

                    so
                """
                return [x, y, z, ds, sum(16), kwargs["params"]]
            ''',
        )

        code = task_of(definition, "a")["python_callable"]
        assert run(definition) == {"a": [2, 10, 1, "2026-11-25", 8.0, {}]}
        assert "# Of what helper says." in code
        assert "json" not in code
        assert "UNUSED" not in code

    def test_texts_of_several_lines_keep_their_margin(self) -> None:
        lines = [
            f"{HEAD}with DAG('flow'):",
            "    @task",
            "    def text():",
            '        return """a',
            "          b",
            "      ",
            '    c"""',
            "    text()",
        ]

        assert run(imported("\n".join(lines))) == {"text": "a\n          b\n      \n    c"}

    def test_what_was_pushed_is_pulled_by_its_key(self) -> None:
        definition = in_dag(
            """
            @task
            def push(ti=None):
                ti.xcom_push(key="k", value=5)

            @task(multiple_outputs=True)
            def parts():
                return {"a": 1, "b": 2}

            @task
            def total(x, y):
                return x + sum(y)

            p = parts()
            total(push()["k"], [p["a"], p["b"]])
            """
        )

        assert run(definition)["total"] == 8

    def test_a_list_is_mapped(self) -> None:
        definition = in_dag(
            """
            @task
            def numbers():
                return [1, 2]

            @task
            def add(x, y):
                return x + y

            add.partial(y=10).expand(x=numbers())
            add.override(task_id="stated").partial(y=1).expand(x=[5, 6])
            PythonOperator.partial(task_id="old", python_callable=plus).expand(op_kwargs=[{"n": 1}, {"n": 2}])
            """,
            before="def plus(n): return n + 1",
        )

        returned = run(definition)
        assert returned["add"] == [11, 12]
        assert returned["stated"] == [6, 7]
        assert returned["old"] == [2, 3]
        assert edges(definition) == {"numbers>add"}
        assert {task["on_item_failure"] for task in definition["tasks"][1:]} == {"collect"}

    def test_a_command_returns_its_last_line(self) -> None:
        definition = in_dag("""BashOperator(task_id="b", bash_command="echo 'a\\"b'; echo last")""")

        assert run(definition) == {"b": "last"}

    def test_a_command_that_fails_is_a_failure(self) -> None:
        definition = in_dag("""BashOperator(task_id="b", bash_command="exit 3")""")

        with pytest.raises(RuntimeError, match="ended with 3"):
            run(definition)

    def test_a_function_called_main_is_one_like_others(self) -> None:
        definition = in_dag(
            'PythonOperator(task_id="a", python_callable=main)', before="def main(): return 7"
        )

        assert run(definition) == {"a": 7}

    def test_an_output_of_an_operator_is_a_value(self) -> None:
        definition = in_dag(
            """
            a = PythonOperator(task_id="a", python_callable=one)
            b = PythonOperator(task_id="b", python_callable=add, op_args=[a.output])
            """,
            before="def one(): return 1\ndef add(x): return x + 1",
        )

        assert run(definition) == {"a": 1, "b": 2}
        assert edges(definition) == {"a>b"}


def test_nothing_of_the_file_is_run(tmp_path: Path) -> None:
    witness = tmp_path / "ran"

    definition = in_dag(
        "PythonOperator(task_id='a', python_callable=quiet)",
        before=f"""
        seen = open({str(witness)!r}, "w")

        def quiet(x=open({str(witness)!r}, "w")): pass
        """,
    )

    assert [task["name"] for task in definition["tasks"]] == ["a"]
    assert not witness.exists()
