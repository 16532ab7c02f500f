"""How much of a job's input files clusters have already, as their connectors told last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, text

from satellite.contracts.task_names import cluster_queue

# By the list of uses, which is short: 10,000 digests of a cluster are looked through for each of its files.
CACHED: Final = text("""
    SELECT u.job_id, c.name, sum(f.size_bytes) AS bytes
    FROM file_uses AS u
    JOIN files AS f ON f.id = u.file_id
    JOIN clusters AS c ON f.sha256 = ANY(c.cached_digests)
    WHERE u.job_id = ANY(CAST(:job_ids AS bigint[]))
    GROUP BY u.job_id, c.name
""")


def cached_bytes(connection: Connection, job_ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """Return the bytes of jobs' files that lie on clusters, by job and by the queue of the cluster."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    if job_ids:
        for row in connection.execute(CACHED, {"job_ids": list(job_ids)}):
            found[row.job_id][cluster_queue(row.name)] = int(row.bytes)
    return found
