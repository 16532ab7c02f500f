"""What a step of a run has pushed, as SQL: for later steps, for answers, and for workers that fetch it."""

from __future__ import annotations

from typing import Final

from satellite.contracts.python_task import PYTHON_TASK, RETURN_VALUE

STEPS_AND_JOBS: Final = "run_steps AS s LEFT JOIN jobs AS j ON j.id = coalesce(s.reused_from, s.job_id)"
"""Where the other texts find `s`, a step, and `j`, the job whose result it has, if any."""

VALUES: Final = f"""
    CASE WHEN j.id IS NULL THEN json_build_object(
             '{RETURN_VALUE}', coalesce(s.value, json_build_object('run_id', s.job_id))
         )
         WHEN j.plugin_name = '{PYTHON_TASK}' THEN coalesce(j.result -> 'xcoms', '{{}}')
         WHEN j.result_artifact IS NOT NULL THEN '{{}}'
         ELSE json_build_object('{RETURN_VALUE}', j.result) END
"""
"""A JSON object of values by their keys."""

FILES: Final = f"""
    CASE WHEN j.plugin_name = '{PYTHON_TASK}' AND json_typeof(j.result -> 'files') = 'object' THEN (
             SELECT json_object_agg(w.key, json_build_object('file_id', f.id, 'size_bytes', f.size_bytes))
             FROM json_each(j.result -> 'files') AS w
             LEFT JOIN artifacts AS a
               ON a.job_id = j.id AND a.attempt = j.attempt AND a.name = w.value ->> 'name'
             LEFT JOIN files AS f ON f.id = a.file_id AND f.state = 'ready'
         )
         WHEN j.result_artifact IS NOT NULL THEN json_build_object('{RETURN_VALUE}', json_build_object(
             'file_id', (
                 SELECT f.id FROM files AS f
                 WHERE f.id = j.result_artifact ->> 'file_id' AND f.state = 'ready'
             ),
             'size_bytes', j.result_artifact -> 'size_bytes'
         )) END
"""  # noqa: S608 - only constants of this program go in.
"""Those that are files instead, likewise; NULL for none, without a `file_id` where one is gone."""

ITEMS: Final = f"""
    '[' || coalesce(string_agg(
        '{{"map_index":' || coalesce(CAST(NULLIF(s.map_index, -1) AS text), 'null')
            || ',"values":' || CAST({VALUES} AS text) || '}}', ',' ORDER BY s.map_index
    ), '') || ']'
"""
"""Of all completed steps of a task, the JSON text of a list of `PulledTask`; the same each time."""

TASK_OF_RUN: Final = "s.run_id = :run_id AND s.status = 'completed'"
