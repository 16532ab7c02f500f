"""What a DAG that Satellite exported runs its snippets by, and waits with."""

from __future__ import annotations

from typing import Final

RUNNER: Final = "run_snippet"
WAIT: Final = "Wait"
SNIPPETS: Final = "SNIPPETS"
PARAMS: Final = "TASK_PARAMS"
ITEM: Final = "item"

SNIPPET_RUNNER: Final = r'''def run_snippet(**context):
    """Runs the snippet of the task as Satellite does, and returns what its `main` returns."""
    task_id = context["ti"].task_id
    code, source = SNIPPETS[task_id], f"<task {task_id}>"
    # Where a traceback looks for the lines of the snippet.
    linecache.cache[source] = (len(code), None, code.splitlines(True), source)
    module = sys.modules["snippet_of_task"] = types.ModuleType("snippet_of_task")
    module.context = with_all_of_satellite(context, TASK_PARAMS.get(task_id, {}))
    try:
        exec(compile(code, source, "exec", dont_inherit=True), vars(module))
        main = vars(module).get("main")
        if inspect.isfunction(main) and main.__module__ == module.__name__:
            return main(module.context) if takes_context(main) else main()
    except SystemExit as end:
        if end.code not in (None, 0):
            raise RuntimeError(f"The snippet ended with {end.code!r}") from end
    return None


def takes_context(function):
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    return True


def with_all_of_satellite(context, params):
    """Returns the context with what Airflow lacks in it, as without a logical date."""
    dag_run, map_index = context["dag_run"], context["ti"].map_index
    moment = context.get("logical_date") or dag_run.run_after
    return {
        "logical_date": moment,
        "data_interval_start": moment,
        "data_interval_end": moment,
        "ds": moment.strftime("%Y-%m-%d"),
        "ds_nodash": moment.strftime("%Y%m%d"),
        "ts": moment.isoformat(),
        "ts_nodash": moment.strftime("%Y%m%dT%H%M%S"),
        "run_id": dag_run.run_id,
        "workflow": context["dag"].dag_display_name,
        "item": None,
        **context,
        "params": {**context["params"], **params},
        "map_index": map_index if map_index >= 0 else None,
    }
'''

WAIT_OPERATOR: Final = '''class Wait(BaseOperator):
    """Waits for a length of time, and holds no slot meanwhile."""

    def __init__(self, *, wait, **arguments):
        super().__init__(**arguments)
        self.wait = wait

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(self.wait), method_name="end")

    def end(self, context, event=None):
        return None
'''
