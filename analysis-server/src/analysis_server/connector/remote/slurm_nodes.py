"""The nodes that Slurm manages."""

import shutil
from typing import Any, Dict, List

from analysis_server.connector.remote.slurm_queue import SlurmDoesNotAnswer, ask


def nodes() -> List[Dict[str, Any]]:
    """Return all nodes with what they have; none where there is no Slurm or none that answers."""
    if shutil.which("sinfo") is None:
        return []
    try:
        lines = ask(["sinfo", "-h", "-N", "-o", "%N|%T|%c|%m|%G"])
    except SlurmDoesNotAnswer:
        return []
    # A node of several partitions is listed with each.
    found = {line.partition("|")[0]: _node(line.split("|")) for line in lines}
    return [node for _, node in sorted(found.items()) if node]


def _node(parts: List[str]) -> Dict[str, Any]:
    try:
        name, state, cpus, memory, gres = (part.strip() for part in parts)
        gres = "" if gres == "(null)" else gres
        return {"name": name, "state": state, "cpus": int(cpus), "memory_mib": int(memory), "gres": gres}
    except ValueError:
        return {}
