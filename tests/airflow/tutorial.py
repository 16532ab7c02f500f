"""A DAG as tutorials write it, for the import: it uses of Airflow what most do, in one file."""

# A tutorial annotates little, and this one is held to be read as it comes.
# ruff: noqa: AIR001, ANN001, ANN003, DTZ001

from __future__ import annotations

import json
from datetime import datetime, timedelta

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG, chain, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.baseoperator import chain
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.python import PythonOperator

ORDERS = '{"1001": 301.27, "1002": 433.21, "1003": 502.22}'
DEFAULTS = {
    "owner": "airflow",
    "depends_on_past": False,
    "email": ["airflow@example.com"],
    "email_on_failure": False,
    "email_on_retry": False,
    "retries": 1,
    "retry_delay": timedelta(minutes=5),
}


def rounded(value: float, digits: int = 1) -> float:
    """Return a value with few digits."""
    return round(value, digits)


def report(greeting, ds, ti, **kwargs):
    """Print a greeting: it's "{not a template}"."""
    total = ti.xcom_pull(task_ids="transform")["total"]
    print(f"""{greeting}
    {kwargs["run_id"]}
""")
    return f"{greeting} {ds} {rounded(total, digits=2)}"


with DAG(
    "tutorial",
    default_args=DEFAULTS,
    description="A simple tutorial DAG",
    schedule=timedelta(days=1),
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:

    @task
    def extract():
        """Read the orders."""
        return json.loads(ORDERS)

    @task(multiple_outputs=True)
    def transform(orders: dict, scale=1):
        return {"total": sum(orders.values()) * scale, "count": len(orders)}

    @task
    def square(x, add=0):
        return x * x + add

    @task(trigger_rule="all_done", retries=0)
    def gather(squares, count):
        return [sorted(squares), count]

    begin = EmptyOperator(task_id="begin")
    date = BashOperator(task_id="words", bash_command="echo one; echo 'two'")
    orders = extract()
    summary = transform(orders, scale=2)
    squares = square.partial(add=1).expand(x=[1, 2, 3])
    gathered = gather(squares, summary["count"])
    reported = PythonOperator(task_id="report", python_callable=report, op_kwargs={"greeting": "hello"})

    chain(begin, [orders, date])
    [gathered, date] >> reported
