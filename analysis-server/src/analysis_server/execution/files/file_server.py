"""The operation server as a worker sees it: addresses that are signed for an attempt, asked with patience.

What can pass is asked for again: a server that is being restarted, a connection that broke, a rate. A file
that is fetched goes on where it broke off, one that is brought begins anew: the server keeps nothing of half.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import structlog

from analysis_server.execution.files.transfers import (
    CHUNK_BYTES,
    Download,
    IsStopped,
    TransferDamaged,
    TransferFailed,
    TransferRefused,
    TransferStopped,
    Upload,
)
from satellite.contracts.attempt_files import (
    GRANT_PARAMETER,
    Artifact,
    GrantedFile,
    artifact_path,
    input_path,
)
from satellite.contracts.identity import AttemptKey

CONNECT_TIMEOUT_S: Final = 10.0
"""Also for each piece of an answer."""
PATIENCE_S: Final = 120.0
"""So long nothing may go on before a transfer is given up."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
STORE_TIMEOUT_S: Final = 60.0
"""For the answer to a file that was sent: by then it is stored."""
TOLD_BYTES: Final = 2_000
_OWNERS_FAULTS: Final = frozenset(
    {"storage_quota_reached", "body_too_large", "too_many_artifacts", "artifact_refused"}
)
"""What another attempt would be refused for as well."""

logger = structlog.get_logger(__name__)

Result = TypeVar("Result")


class _NotNow(Exception):
    """The server cannot be reached, or says that it cannot now."""


class FileServer:
    """Transfers files; safe to use from many threads, each transfer has connections of its own."""

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S) -> None:
        """Take the address of the operation server; it is connected to when there is something to do."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        self._patience_s = patience_s

    def fetch(self, key: AttemptKey, file: GrantedFile, target: Path, *, is_stopped: IsStopped) -> None:
        """Write an input file of an attempt to a path where nothing is yet, in memory of a chunk.

        Raises:
            TransferFailed: it could not be fetched.
            TransferDamaged: other bytes came than were stored.
            TransferStopped: the attempt was stopped.
        """
        path = f"{input_path(key, file.id)}?{GRANT_PARAMETER}={quote(file.grant)}"
        with target.open("xb") as output:
            download = Download(output, file)
            self._patiently(
                lambda: self._go_on(path, download, is_stopped), lambda: download.received, is_stopped
            )
        if download.sha256.hexdigest() != file.sha256:
            raise TransferDamaged(f"Other bytes came of {file.name} than are stored: its SHA-256 differs.")

    def _go_on(self, path: str, download: Download, is_stopped: IsStopped) -> None:
        headers = {"Range": f"bytes={download.received}-"} if download.received else {}
        with self._answer("GET", path, headers=headers) as answer:
            if download.received and answer.status != http.HTTPStatus.PARTIAL_CONTENT:
                raise TransferFailed("The operation server does not go on where a file broke off.")
            while chunk := answer.read(CHUNK_BYTES):
                if is_stopped():
                    raise TransferStopped
                download.take(chunk)
        if not download.is_complete:
            raise _NotNow("the connection broke")

    def put_artifact(
        self, key: AttemptKey, name: str, source: Path, *, grant: str, is_stopped: IsStopped
    ) -> Artifact:
        """Store a file as an artifact of an attempt, in memory of a chunk; safe to repeat.

        Raises:
            TransferFailed: it could not be stored, or other bytes arrived than were sent.
            TransferRefused: it is more than its owner may store.
            TransferStopped: the attempt was stopped.
        """
        path = f"{artifact_path(key, name)}?{GRANT_PARAMETER}={quote(grant)}"
        with source.open("rb") as file:
            upload = Upload(file, name, is_stopped)
            artifact = self._patiently(lambda: self._bring(path, upload), lambda: upload.sent, is_stopped)
        if artifact.sha256 != upload.sha256.hexdigest():
            raise TransferFailed(f"Other bytes were stored of {name} than were sent: its SHA-256 differs.")
        return artifact

    def _bring(self, path: str, upload: Upload) -> Artifact:
        with self._answer("PUT", path, headers=upload.headers(), body=upload.chunks()) as answer:
            return Artifact.model_validate_json(answer.read())

    def _patiently(
        self, step: Callable[[], Result], progress: Callable[[], int], is_stopped: IsStopped
    ) -> Result:
        """Do a step until it is done, as long as it gets on now and then.

        Raises:
            TransferFailed: it does not, or is refused.
            TransferStopped: the attempt was stopped.
        """
        got_on_at_s, pause_s, before = time.monotonic(), FIRST_PAUSE_S, 0
        while True:
            try:
                return step()
            except (_NotNow, OSError, http.client.HTTPException) as error:
                now_s = time.monotonic()
                if progress() > before:
                    got_on_at_s, pause_s, before = now_s, FIRST_PAUSE_S, progress()
                if now_s - got_on_at_s > self._patience_s:
                    raise TransferFailed(
                        f"The operation server could not be asked for files: {error}"
                    ) from error
                logger.info("a transfer waits", error=str(error), pause_s=pause_s)
            _rest(pause_s, is_stopped)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    @contextlib.contextmanager
    def _answer(
        self, method: str, path: str, *, headers: Mapping[str, str], body: Iterator[bytes] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = self._connection()
        try:
            # A server that refuses a body does not read all of it: what it says is there all the same.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self._prefix + path, body, dict(headers))
            if body is not None and connection.sock is not None:
                connection.sock.settimeout(STORE_TIMEOUT_S)
            answer = connection.getresponse()
            _check(answer)
            yield answer
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_TIMEOUT_S, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_TIMEOUT_S)


def _check(answer: http.client.HTTPResponse) -> None:
    """Raise `_NotNow` or `TransferFailed` unless an answer is what was asked for."""
    if answer.status < http.HTTPStatus.MULTIPLE_CHOICES:
        return
    told = answer.read(TOLD_BYTES).decode(errors="replace")
    if refusal := _refusal_of_owner(told):
        raise TransferRefused(refusal)
    if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in {408, 429}:
        raise _NotNow(f"{answer.status} {told}")
    raise TransferFailed(f"The operation server refuses a file of the attempt: {answer.status} {told}")


def _refusal_of_owner(told: str) -> str | None:
    """Return the words of a refusal that the owner of the job can do something about."""
    try:
        problem = json.loads(told)
        return str(problem["detail"]) if problem["code"] in _OWNERS_FAULTS else None
    except (ValueError, TypeError, KeyError):
        return None


def _rest(pause_s: float, is_stopped: IsStopped) -> None:
    until_s = time.monotonic() + pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - no secret.
    while time.monotonic() < until_s:
        if is_stopped():
            raise TransferStopped
        time.sleep(min(0.1, pause_s))
