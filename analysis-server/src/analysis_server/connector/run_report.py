"""What the operation server is told of one attempt on a cluster, beside its outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analysis_server.connector.agent_messages import JobReport, RemoteState
from analysis_server.connector.job_reports import JobReports
from analysis_server.connector.transfer.progress import Progress
from satellite.contracts.cluster import ClusterFile, FileTransfer, Workspace
from satellite.contracts.identity import AttemptKey


class RunReport:
    """Remembers what was told, and tells what is new."""

    def __init__(self, reports: JobReports, key: AttemptKey, *, folder: str | None, keep: timedelta) -> None:
        """Tell nothing yet; `folder` is where the job lies there, and stays for so long after its end."""
        self._reports = reports
        self._key = key
        self._folder = folder
        self._keep = keep
        self._phase: str | None = None
        self._seen: tuple[object, ...] = ()
        self.began_at = datetime.now(UTC)

    def phase(self, phase: str) -> bool:
        """Tell the phase, and return whether it is new."""
        if phase == self._phase:
            return False
        self._phase = phase
        self._reports.tell(self._key, folder=self._folder, phase=phase, workspace=Workspace.PRESENT)
        return True

    def seen(self, report: JobReport) -> bool:
        """Tell what is known of a running job, and return whether its phase is new."""
        seen = (report.launcher_state, report.commit, report.gpus)
        if seen != self._seen and any(seen):
            self._seen = seen
            self._reports.tell(
                self._key, process_id=report.launcher_state, commit=report.commit, gpus=list(report.gpus)
            )
        return report.state is not RemoteState.UNKNOWN and self.phase(report.state)

    def sent(self, size_bytes: int, took_s: float) -> None:
        """Tell of files that were brought there."""
        self._tell_transfer("in", size_bytes, took_s)

    def fetched(self, progress: Progress) -> None:
        """Tell of files that were brought back, once all are."""
        if progress.is_finished:
            self._tell_transfer("out", progress.bytes_sent, progress.seconds)

    def wrote(self, files: list[ClusterFile], metrics_json: str | None) -> None:
        """Tell what lies among its outputs, and what its `metrics.json` says."""
        self._reports.tell(self._key, files=files, metrics_json=metrics_json)

    def ended(self) -> None:
        """Tell that its folder may go after its time."""
        removed_after = datetime.now(UTC) + self._keep
        self._reports.tell(
            self._key, phase="ended", workspace=Workspace.COLLECTED, removed_after=removed_after
        )

    def _tell_transfer(self, direction: str, size_bytes: int, took_s: float) -> None:
        if size_bytes:
            transfer = FileTransfer(direction=direction, size_bytes=size_bytes, took_s=took_s)
            self._reports.tell(self._key, transfers=[transfer])
