"""What a host is, told when a connection begins."""

import getpass
import os
import platform
import shutil
import sys
import time
from typing import Any, Dict

from analysis_server.connector.remote import facts, locks, login_sessions, mounts, records, this_host
from analysis_server.connector.remote.card_listing import is_there

PROGRAMS = ("git", "tar", "sbatch", "squeue", "sacct", "scancel", "gpu-run", "nvidia-smi", "systemd-run")
PROTOCOL = 1


def hello(base: str, body: Any) -> Dict[str, Any]:  # noqa: ARG001
    """Return what does not change while a host stands, and what changes, as `poll` tells it."""
    return {
        "protocol": PROTOCOL,
        "python": platform.python_version(),
        "executable": sys.executable,
        "has_venv": _has("venv") and _has("ensurepip"),
        "boot_id": this_host.boot_id(),
        "host": this_host.host_name(),
        "user": _user(),
        "base": base,
        "base_is_writable": _is_writable(base),
        "locks": locks.host_locks(base),
        "locks_are_local": mounts.is_local(locks.host_locks(base)),
        "kills_at_logout": login_sessions.kills_at_logout(),
        "cpus": os.cpu_count() or 1,
        "programs": {name: shutil.which(name) for name in PROGRAMS},
        "has_nvidia_smi": is_there(),
        "launcher": launcher(),
        "now": time.time(),
        "facts": facts.changing(base),
    }


def launcher() -> str:
    """Return the launcher that fits this host: Slurm, the cluster's own `gpu-run`, else ours."""
    if shutil.which("sbatch") and shutil.which("squeue"):
        return "slurm"
    return "gpu-run" if shutil.which("gpu-run") else "builtin"


def _is_writable(base: str) -> bool:
    path = os.path.join(base, ".satellite", "hello-%d" % os.getpid())
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        records.make_reserve(path, 4096)
        os.unlink(path)
    except OSError:
        return False
    return True


def _has(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
