"""Jobs for tests of server mode that need no server."""

from __future__ import annotations

import json
from typing import Any

from analysis_server.runtimes.port import RunRequest, SilentListener
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.serving.call import Call
from satellite.testing import manifest_of


def request_of(job_id: int = 1, *, job: Any = None, owner_id: int = 1, **manifest: Any) -> RunRequest:
    definition = manifest_of(**{"mode": "server", **manifest})
    return RunRequest(
        job_id=job_id,
        attempt=1,
        owner_id=owner_id,
        worker="tests",
        plugin_digest=definition.digest(),
        manifest=definition,
        input_json=json.dumps(job, indent=2).encode(),
        timeout_s=10,
    )


def call_of(job_id: int = 1, *, job: Any = None, owner_id: int = 1, **manifest: Any) -> Call:
    request = request_of(job_id, job=job, owner_id=owner_id, **manifest)
    return Call(request, listener=SilentListener(), control=RunControl())
