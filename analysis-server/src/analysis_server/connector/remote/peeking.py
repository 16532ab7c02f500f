"""A look at what running jobs have written so far: cheap, so nothing is hashed."""

import os
from typing import Any, Dict, List

from analysis_server.connector.remote import names
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.manifest import MARKERS

JOBS_MAX = 1000
FILES_MAX = 1000
METRICS = "metrics.json"
METRICS_BYTES_MAX = 1000000


def peek(base: str, body: Any) -> Dict[str, Any]:
    """Return of each job its files with their sizes, and its `metrics.json` unless the asker knows that one.

    `jobs` are names with the `changed_at` of the metrics that are known, 0 for none.
    """
    wanted = names.mapping(names.mapping(body, field="The request").get("jobs"), field="jobs")
    looked = list(wanted.items())[:JOBS_MAX]
    return {"jobs": {name: _look(JobFolder(base, name), known) for name, known in looked}}


def _look(job: JobFolder, known: Any) -> Dict[str, Any]:
    seen = {"files": _files(job.part("outputs"))}  # type: Dict[str, Any]
    path = job.part("outputs", METRICS)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return seen
    with os.fdopen(fd, "rb") as file:
        changed_at = os.fstat(fd).st_mtime_ns
        if changed_at != known:
            text = file.read(METRICS_BYTES_MAX + 1)
            if len(text) <= METRICS_BYTES_MAX:
                seen.update(metrics=text.decode("utf-8", "replace"), changed_at=changed_at)
    return seen


def _files(root: str) -> List[Dict[str, Any]]:
    files = []  # type: List[Dict[str, Any]]
    for folder, _, inside in os.walk(root):
        for name in sorted(inside):
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, root)
            if shown in MARKERS or os.path.islink(path) or len(files) >= FILES_MAX:
                continue
            try:
                files.append(
                    {"path": shown.encode("utf-8", "replace").decode(), "size": os.stat(path).st_size}
                )
            except OSError:
                continue
    return files
