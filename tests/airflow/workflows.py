"""The workflows that Airflow runs in these tests."""

from __future__ import annotations

from satellite.contracts.workflow import WorkflowDefinition

NATIVE = WorkflowDefinition.model_validate(
    {
        "name": 'pipeline 파이프라인 "native"',
        "schedule": {"cron": "30 2 * * *", "timezone": "Asia/Seoul", "overlap": "allow"},
        "params": {"n": 3, "nothing": None},
        "tasks": [
            {
                "name": "prepare",
                "python_callable": """\
import pandas as pd

frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
print(f"shape {frame.shape}")
context["ti"].xcom_push(key="shape", value=frame.shape)
""",
            },
            {
                "name": "train",
                "dependencies": ["prepare"],
                "params": {"rate": 0.5},
                "python_callable": '''\
def described():
    return """{{ not a template }}"""


def main(context):
    assert context["ts"] and context["ds_nodash"] and context["data_interval_end"]
    assert context["logical_date"].utcoffset() is not None
    assert context["workflow"] == 'pipeline 파이프라인 "native"'
    shape = context["ti"].xcom_pull(task_ids="prepare", key="shape")
    return [*shape, dict(context["params"]), described()]
''',
            },
            {
                "name": "each-one",
                "dependencies": ["train"],
                "map_over": '[1, "two", {"three": []}]',
                "max_parallel": 2,
                "on_item_failure": "collect",
                "python_callable": "def main(): return [context['map_index'], context['item']]",
            },
            {"name": "pause", "kind": "wait", "wait_s": 1, "dependencies": ["each-one"]},
            {
                "name": "broken",
                "dependencies": ["pause"],
                "python_callable": "import sys\nsys.exit('no good')",
            },
            {"name": "after", "dependencies": ["broken"], "python_callable": "raise ValueError"},
            {
                "name": "mended",
                "dependencies": ["broken"],
                "join": "one_failed",
                "python_callable": "import sys\nsys.exit(0)",
            },
            {
                "name": "not.needed",
                "dependencies": ["pause"],
                "join": "one_failed",
                "python_callable": "raise ValueError",
            },
            {
                "name": "last",
                "dependencies": ["mended", "not.needed"],
                "python_callable": """def main(context):
    return context["ti"].xcom_pull(task_ids="each-one")[1]
""",
            },
        ],
    }
)
"""All that Airflow can do itself."""

ENDS = {"good": "completed", "bad": "failed", "left": "blocked", "passed": "skipped", "at-last": "completed"}
MIRRORED = WorkflowDefinition.model_validate(
    {
        "name": "mirrored",
        "tasks": [
            {"name": "good", "python_callable": "print(1)"},
            {"name": "bad", "python_callable": "1 / 0", "dependencies": ["good"]},
            {"name": "left", "python_callable": "print(1)", "dependencies": ["bad"]},
            {"name": "passed", "python_callable": "print(1)", "dependencies": ["good"], "when": "false"},
            {
                "name": "at-last",
                "python_callable": "print(1)",
                "dependencies": ["left", "passed"],
                "join": "all_done",
            },
        ],
    }
)
"""One task for each way to end, which `ENDS` says."""
