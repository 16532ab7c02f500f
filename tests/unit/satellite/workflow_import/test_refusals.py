"""What cannot be taken over is told by line, all at once, and says what to do."""

from __future__ import annotations

import contextlib
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satellite.contracts.workflow import WorkflowDefinition
from satellite.workflow_import.dag_file import read_dag
from satellite.workflow_import.faults import Fault, NotImportable

HEAD = """\
from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.sdk import Param, TaskGroup, dag, task
from datetime import datetime, timedelta
def plain(x=1): pass
"""
TUTORIAL = Path("tests/airflow/tutorial.py")
LINE = len(HEAD.splitlines()) + 2
"""Of the first line in the DAG."""


def faults(text: str) -> list[Fault]:
    with pytest.raises(NotImportable) as caught:
        read_dag(text)
    return list(caught.value.faults)


def in_dag(body: str, *, arguments: str = "") -> list[Fault]:
    indented = "".join(f"    {line}\n" for line in dedent(body).strip("\n").splitlines())
    return faults(f'{HEAD}with DAG(dag_id="flow", {arguments}):\n{indented}')


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("for n in range(3):\n    EmptyOperator(task_id=str(n))", "write each task out"),
        ("if True:\n    EmptyOperator(task_id='a')", "one of the two ways"),
        ("with TaskGroup('g'):\n    pass", "without them"),
        ("a = [EmptyOperator(task_id=n) for n in 'ab']", "no task"),
        ("print('hello')", "no task"),
        ("a = Custom(task_id='a')", "what this makes"),
        ("a = [plain(n) for n in 'ab']", "what this makes"),
        ("BranchPythonOperator(task_id='a', python_callable=plain)", "as a function of Python"),
        ("@task.branch\ndef f(): pass\nf()", "write the function without it"),
        ("EmptyOperator(task_id='a', pool='p')", "pool"),
        ("EmptyOperator(task_id='a', retries=many)", "what many is"),
        ("EmptyOperator(task_id='a', retries=-1)", "from 0 to 100"),
        ("EmptyOperator(task_id='a', trigger_rule='always')", "use one of"),
        ("EmptyOperator(task_id='a', depends_on_past=True)", "can only be False"),
        ("EmptyOperator(task_id='a', email='me@example.com')", "sends no mail"),
        ("EmptyOperator(task_id='a')\nEmptyOperator(task_id='a')", "another name"),
        ("EmptyOperator(task_id='한')", "letters of English"),
        ("EmptyOperator()", "state the task_id"),
        ("BashOperator(task_id='a', bash_command='echo {{ ds }}')", "fills no templates in"),
        ("BashOperator(task_id='a', bash_command='run.sh')", "the command itself"),
        ("PythonOperator(task_id='a', python_callable=lambda: 1)", "written with def"),
        ("PythonOperator(task_id='a', python_callable=plain, op_kwargs={'x': '{{ ds }}'})", "no templates"),
        ("PythonOperator(task_id='a', python_callable=plain, op_args=[1, 2])", "fewer arguments"),
        ("@task\ndef f(x): pass\nf()", "given no x"),
        ("@task\ndef f(x): pass\nf.expand_kwargs([{'x': 1}])", "make the list in a task before"),
        ("@task\ndef f(x, y): pass\nf.expand(x=[1], y=[2])", "one list"),
        ("@task\ndef f(x): pass\nf.expand(x=list(range(9)))", "known only when the file runs"),
        ("@task\ndef f(): return Variable.get('x')\nf()", "no Airflow"),
        ("@task\ndef f():\n    from airflow.models import Variable\nf()", "no Airflow"),
        ("@task\ndef f(dag=None): pass\nf()", "has no dag"),
        ("@task\ndef f(**context): context['macros']\nf()", "has no macros"),
        ("@task\ndef f(ti=None): return ti.xcom_pull(key='k')\nf()", "state task_ids"),
        (
            "@task\ndef f(ti=None): return ti.xcom_pull('a', include_prior_dates=True)\nf()",
            "no include_prior",
        ),
        ("@task\nasync def f(): pass\nf()", "without async"),
    ],
)
def test_what_has_nothing_that_does_the_same(body: str, said: str) -> None:
    found = in_dag(body)

    assert [said in fault.message for fault in found] == [True], found
    assert found[0].line >= 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("catchup=True", "start a backfill"),
        ("schedule='@continuous'", "cron expression"),
        ("schedule=[Dataset('x')]", "known only when the file runs"),
        ("on_failure_callback=plain", "remove it"),
        ("params={'x': Param(1, type='integer')}", "default alone"),
        ("max_active_runs=0", "from 1 to 1000"),
    ],
)
def test_what_a_dag_may_not_say(arguments: str, said: str) -> None:
    assert [said in fault.message for fault in in_dag("pass", arguments=arguments)] == [True]


def test_a_name_of_several_values_is_not_guessed() -> None:
    body = "    PythonOperator(task_id='a', python_callable=f)"
    found = faults(f"{HEAD}x = 1\nx = x + 1\ndef f(): return x\nwith DAG('a'):\n{body}\n")
    assert [fault.message for fault in found] == ["x gets its value in several places: let it have one"]


def test_all_is_told_at_once_and_nothing_twice() -> None:
    found = in_dag(
        """
        a = BranchPythonOperator(task_id="a", python_callable=plain)
        b = EmptyOperator(task_id="b", pool="p", retries=1.5)
        a >> b
        for _ in []: pass
        """
    )

    assert [fault.line for fault in found] == [LINE, LINE + 1, LINE + 1, LINE + 3]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\n", 1, "there is no DAG"),
        ("def f(:\n", 1, "no Python"),
        ("x = '\0'\n", 1, "no Python"),
        (f"x = {'[' * 5000}{']' * 5000}\n", 1, "no Python"),
        (f"x = {'-' * 50_000}1\n", 1, ""),
        ("from airflow.sdk import dag\n@dag\ndef f(): pass\n", 1, "call what @dag stands on"),
        ("from airflow import DAG\nwith DAG('a'): pass\nwith DAG('b'): pass\n", 3, "a file of its own"),
        ("from airflow import DAG\nd = DAG('a')\n", 1, "with DAG"),
        (
            "from airflow import DAG\nwith DAG('a'): pass\nimport os\nos.system('x')\n",
            4,
            "function of a task",
        ),
        ("from airflow import DAG\nwith DAG(): pass\n", 2, "state the dag_id"),
    ],
)
def test_files_that_are_no_dag(text: str, line: int, said: str) -> None:
    found = faults(text)

    assert found[0].line == line
    assert said in found[0].message


@given(st.data())
@settings(deadline=None)
def test_whatever_is_left_of_a_file_is_read_or_refused(data: st.DataObject) -> None:
    lines = TUTORIAL.read_text().splitlines(keepends=True)
    dropped = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=6, unique=True))
    swapped = data.draw(
        st.dictionaries(st.sampled_from(range(len(lines))), st.sampled_from(lines), max_size=2)
    )

    text = "".join(swapped.get(index, line) for index, line in enumerate(lines) if index not in dropped)

    with contextlib.suppress(NotImportable):
        WorkflowDefinition.model_validate(read_dag(text))


def test_the_message_is_one_line_for_each() -> None:
    with pytest.raises(NotImportable) as caught:
        read_dag("from airflow import DAG\nwith DAG('a', x=1, y=2): pass\n")

    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["line 2", "line 2"]
