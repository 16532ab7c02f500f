"""What the processes of a job use."""

import os
from typing import Any, Dict, Iterable

from analysis_server.connector.remote import this_host

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


def measure(pids: Iterable[int]) -> Dict[str, Any]:
    """Return memory and processor time of some processes; shared pages count once for each."""
    rss, ticks, count = 0, 0, 0
    for pid in pids:
        fields = this_host.stat_fields(pid)
        if fields:
            rss += int(fields[21]) * PAGE_BYTES
            ticks += int(fields[11]) + int(fields[12])
            count += 1
    return {"rss_mib": rss // MIB, "cpu_s": round(ticks / TICKS_PER_S, 2), "processes": count}


def shared_once_mib(pids: Iterable[int]) -> int:
    """Return the memory of some processes, in which what they share counts once; this is slow."""
    return sum(_proportional_kib(pid) for pid in pids) // 1024


def _proportional_kib(pid: int) -> int:
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            lines = [line for line in file if line.startswith("Pss:")]
        return int(lines[0].split()[1])
    except (OSError, IndexError):
        fields = this_host.stat_fields(pid)
        return int(fields[21]) * PAGE_BYTES // 1024 if fields else 0
