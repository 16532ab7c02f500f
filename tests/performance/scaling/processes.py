"""The processes of a running platform, by the part they belong to, and the CPU time each part has used."""

from __future__ import annotations

import contextlib
from collections import Counter

import psutil
import psycopg

PARTS = (
    ("operation-server api", "API"),
    ("operation-server dispatcher", "dispatcher"),
    ("operation-server results", "results consumer"),
    ("analysis_server.tasks worker", "worker"),
    ("celery_app flower", "Flower"),
    ("analysis-server inference", "direct lane"),
    ("ray::PluginExecutorActor", "executor"),
    ("redis-server", "Redis"),
    ("plugins/", "plugin"),
    ("satellite up", "supervisor"),
)
"""What a command line contains, and whose it is; the first that fits."""

SESSIONS = {
    "satellite-api": "PostgreSQL for API",
    "satellite-dispatcher": "PostgreSQL for dispatcher",
    "satellite-results": "PostgreSQL for results consumer",
}


def cpu_ms(root: psutil.Process) -> Counter[str]:
    """Return the milliseconds of CPU time that each part of the stack has used since its start."""
    sessions = _sessions(root)
    used: Counter[str] = Counter()
    for process in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used[_part(process, sessions)] += (times.user + times.system) * 1000
            if process.name() == "postgres" and process.ppid() == root.pid:
                # Sessions that have ended: only the API opens more than it keeps.
                used["PostgreSQL for API"] += (times.children_user + times.children_system) * 1000
    return used


def environment_of(root: psutil.Process, part: str) -> dict[str, str]:
    """Return the environment of one part's process."""
    for process in root.children(recursive=True):
        if _part(process, {}) == part:
            return process.environ()
    raise LookupError(part)


def _part(process: psutil.Process, sessions: dict[int, str]) -> str:
    command = " ".join(process.cmdline())
    if process.name() == "postgres":
        return sessions.get(process.pid, "PostgreSQL otherwise")
    for words, part in PARTS:
        if words in command:
            return part
    return "Ray"


def _sessions(root: psutil.Process) -> dict[int, str]:
    url = environment_of(root, "API")["SATELLITE_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute("SELECT pid, application_name FROM pg_stat_activity").fetchall()
    return {pid: SESSIONS[name] for pid, name in rows if name in SESSIONS}
