"""Jobs for tests of server mode that need no server."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from analysis_server.runtimes.port import RunRequest, SilentListener
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.serving.run import ServerRun
from satellite.testing import manifest_of


def request_of(job_id: int = 1, *, job: Any = None, owner_id: int = 1, **manifest: Any) -> RunRequest:
    definition = manifest_of(**{"mode": "server", **manifest})
    return RunRequest(
        job_id=job_id,
        attempt=1,
        uid=uuid4(),
        owner_id=owner_id,
        worker="tests",
        plugin_digest=definition.digest(),
        manifest_json=definition.model_dump_json(),
        input_json=json.dumps(job, indent=2).encode(),
        timeout_s=10,
    )


def run_of(job_id: int = 1, *, job: Any = None, owner_id: int = 1, **manifest: Any) -> ServerRun:
    request = request_of(job_id, job=job, owner_id=owner_id, **manifest)
    run = ServerRun(request, listener=SilentListener(), control=RunControl())
    # Short, so that what servers write in tests can be read.
    run.id = f"{job_id}.1"
    return run
