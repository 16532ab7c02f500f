"""What the client does with jobs on clusters."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from satellite.client.calls import Call, Flow, ask, send, work
from satellite.client.cluster_models import JobFile, MetricSeries, WorkspaceFolder
from satellite.client.connection import Connection
from satellite.client.errors import RequestUnfit
from satellite.client.file_calls import FileCalls
from satellite.client.models import Job, Page
from satellite.client.packing import pack_folder
from satellite.client.reading import check_request, json_of, read_answer
from satellite.client.retrying import keyed
from satellite.contracts.attempt_files import is_artifact_name


class GpuJobCalls(Connection):
    """The part of the clients about jobs on clusters."""

    @Call
    def submit_gpu_job(
        self, /, command: Sequence[str], *, idempotency_key: str | None = None, **options: Any
    ) -> Flow[Job]:
        """Submit a command for a cluster to run; `options` are the further fields of `POST /gpu-jobs`.

        Among them are `code`, `gpus`, `memory`, `environment`, `secrets`, `data` and `cluster`. With an
        idempotency key of yours, repeating the call returns the first job.
        """
        body = {"command": list(command), **options}
        check_request(body)
        headers = keyed(idempotency_key)
        response = yield from send("POST", "/gpu-jobs", body=body, headers=headers, is_repeatable=True)
        return read_answer(Job, json_of(response))

    @Call
    def upload_code(self, folder: Path) -> Flow[dict[str, Any]]:
        """Pack a folder, store it, and return it as the `code` of a GPU job.

        The same content makes the same bytes, which a cluster that has them is not sent again.

        Raises:
            RequestUnfit: it holds what cannot be packed.
        """
        with tempfile.TemporaryDirectory() as place:
            target = Path(place) / "code.tar"
            yield from work(lambda: pack_folder(folder, target))
            file = yield from FileCalls.upload_file(self, target, media_type="application/x-tar")
        return {"source": "local", "file": file.reference}

    @Call
    def job_files(self, job_id: int) -> Flow[list[JobFile]]:
        """Return the files of a job by path, those among them that are on its cluster alone."""
        page = yield from ask(Page[JobFile], "GET", f"/jobs/{job_id}/files")
        return page.items

    @Call
    def pull_job_files(self, job_id: int, folder: Path) -> Flow[list[Path]]:
        """Write the stored files of a job below a folder, each whole or not at all; return where.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
            RequestUnfit: the server tells a path that leads out of the folder.
        """
        written = []
        for file in (yield from GpuJobCalls.job_files(self, job_id)):
            if file.file_id is None:
                continue
            if not is_artifact_name(file.path):
                raise RequestUnfit(f"{file.path!r} is no path of a job's file.")
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            yield from FileCalls.download_file(self, file.file_id, target)
            written.append(target)
        return written

    @Call
    def read_job_file(self, job_id: int, path: str) -> Flow[bytes]:
        """Return the bytes of a stored file of a job."""
        response = yield from send("GET", f"/jobs/{job_id}/files/{quote(path)}")
        return response.content

    @Call
    def workspace(self, job_id: int) -> Flow[list[WorkspaceFolder]]:
        """Return where a job's attempts have their folders on clusters, the newest first."""
        page = yield from ask(Page[WorkspaceFolder], "GET", f"/jobs/{job_id}/workspace")
        return page.items

    @Call
    def job_metrics(self, job_id: int) -> Flow[list[MetricSeries]]:
        """Return what a job has written to `metrics.json`, as series."""
        page = yield from ask(Page[MetricSeries], "GET", f"/jobs/{job_id}/metrics")
        return page.items
