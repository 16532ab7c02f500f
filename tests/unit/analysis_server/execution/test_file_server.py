"""How a worker fetches files and brings some: whole and right, or not at all, past what can pass."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analysis_server.execution.files.artifact_sender import ArtifactSender
from analysis_server.execution.files.file_server import FileServer
from analysis_server.execution.files.input_fetcher import InputFetcher, file_name
from analysis_server.execution.files.transfers import TransferFailed, TransferRefused, TransferStopped
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.port import CollectedOutput, RunResult, RunStatus
from satellite.contracts.attempt_files import Artifact, GrantedFile, artifact_path, input_path
from satellite.contracts.outcome import ErrorKind
from satellite.testing import attempt_key_of

CONTENT = bytes(range(256)) * 20_000
KEY = attempt_key_of(7)


class Answers(ThreadingHTTPServer):
    """Sends a file as it was told to: each answer a status, and how many bytes of it come."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.script: list[tuple[int, int]] = []
        self.asked: list[tuple[str, str | None]] = []
        self.received: list[int] = []
        self.refusal = b"no"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/prefix"


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        status, most = self.server.script.pop(0) if self.server.script else (200, len(CONTENT))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        body = self.server.content[start:] if status == 200 else b"no"
        self.send_response(206 if status == 200 and wanted else status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:most])
        self.close_connection = True

    def do_PUT(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Content-Digest")))
        status, most = self.server.script.pop(0) if self.server.script else (200, len(CONTENT))
        body = self.rfile.read(min(most, int(self.headers["Content-Length"])))
        self.server.received.append(len(body))
        self.send_response(status)
        if status != 200:
            answer = self.server.refusal
        else:
            told = {"name": "a/b", "file_id": "f", "size_bytes": len(body)}
            answer = json.dumps(told | {"sha256": hashlib.sha256(body).hexdigest()}).encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def answers() -> Iterator[Answers]:
    with Answers() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def file_of(content: bytes = CONTENT, **changes: Any) -> GrantedFile:
    fields = {"id": "a/b", "pointers": [""], "name": "rows.csv", "size_bytes": len(content), "grant": "k.1.s"}
    return GrantedFile(**(fields | {"sha256": hashlib.sha256(content).hexdigest()} | changes))


def fetch(answers: Answers, target: Path, file: GrantedFile | None = None, **options: Any) -> None:
    server = FileServer(answers.url, patience_s=options.pop("patience_s", 20))
    server.fetch(KEY, file or file_of(), target, is_stopped=options.pop("is_stopped", lambda: False))


def test_it_shows_its_grant_and_writes_what_comes(answers: Answers, tmp_path: Path) -> None:
    fetch(answers, tmp_path / "it")

    assert (tmp_path / "it").read_bytes() == CONTENT
    [(address, wanted)] = answers.asked
    assert urlsplit(address).path == f"/prefix{input_path(KEY, 'a/b')}"
    assert "/a%2Fb" in address
    assert parse_qs(urlsplit(address).query) == {"grant": ["k.1.s"]}
    assert wanted is None


def test_it_goes_on_where_it_broke_off_and_waits_for_a_server_that_cannot(
    answers: Answers, tmp_path: Path
) -> None:
    answers.script = [(503, 2), (200, 1_000_000), (429, 2), (200, 2_000_000), (500, 2)]
    fetch(answers, tmp_path / "it")

    assert (tmp_path / "it").read_bytes() == CONTENT
    assert [wanted for _, wanted in answers.asked] == [
        None, None, "bytes=1000000-", "bytes=1000000-", "bytes=3000000-", "bytes=3000000-",
    ]  # fmt: skip


def test_an_empty_one(answers: Answers, tmp_path: Path) -> None:
    answers.content = b""
    fetch(answers, tmp_path / "it", file_of(b""))

    assert (tmp_path / "it").read_bytes() == b""


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (file_of(sha256="0" * 64), "SHA-256"),
        (file_of(size_bytes=10), "More bytes"),
    ],
)
def test_other_bytes_than_are_stored_are_refused(
    answers: Answers, tmp_path: Path, file: GrantedFile, words: str
) -> None:
    with pytest.raises(TransferFailed, match=words):
        fetch(answers, tmp_path / "it", file)


@pytest.mark.parametrize("status", [401, 404, 409, 416])
def test_a_refusal_is_final(answers: Answers, tmp_path: Path, status: int) -> None:
    answers.script = [(status, 2)]
    with pytest.raises(TransferFailed, match=f"{status} no"):
        fetch(answers, tmp_path / "it")
    assert len(answers.asked) == 1


def test_its_patience_ends(answers: Answers, tmp_path: Path) -> None:
    answers.script = [(503, 2)] * 1_000
    with pytest.raises(TransferFailed, match="503"):
        fetch(answers, tmp_path / "it", patience_s=0.5)


def test_it_stops_when_its_attempt_does(answers: Answers, tmp_path: Path) -> None:
    answers.script = [(503, 2)] * 1_000
    with pytest.raises(TransferStopped):
        fetch(answers, tmp_path / "it", is_stopped=lambda: len(answers.asked) > 1)


def test_all_of_an_attempt_lie_in_one_folder_and_go_with_it(answers: Answers, tmp_path: Path) -> None:
    fetcher = InputFetcher(FileServer(answers.url), OwnedFolder(tmp_path))
    files = [file_of(pointers=["/a", "/b"]), file_of(name="..", pointers=["/c"])]
    with fetcher.fetched(KEY, files, is_stopped=lambda: False) as inputs:
        assert inputs is not None
        assert [(place.path, place.pointers) for place in inputs.places] == [
            ("0/rows.csv", ("/a", "/b")),
            ("1/file", ("/c",)),
        ]
        assert all((Path(inputs.folder) / place.path).read_bytes() == CONTENT for place in inputs.places)
    assert not Path(inputs.folder).exists()


def test_none_is_fetched_where_nobody_knows_from_where(tmp_path: Path) -> None:
    fetcher = InputFetcher(None, OwnedFolder(tmp_path))
    with fetcher.fetched(KEY, [], is_stopped=lambda: False) as inputs:
        assert inputs is None
    with (
        pytest.raises(TransferFailed, match="SATELLITE_WORKER_API_URL"),
        fetcher.fetched(KEY, [file_of()], is_stopped=lambda: False),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.csv", "a.csv"), ("..", "file"), (".", "file"), ("", "file"), ("a/../b", "a_.._b"), ("ü", "ü")],
)
def test_names_are_those_of_files(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_a_name_too_long_for_a_disk_keeps_its_end(tmp_path: Path) -> None:
    name = file_name("ü" * 254 + ".csv")
    (tmp_path / name).touch()
    assert name.endswith("ü.csv")


class TestPut:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "0"
        path.write_bytes(CONTENT)
        return path

    @staticmethod
    def put(answers: Answers, source: Path, **options: Any) -> Artifact:
        server = FileServer(answers.url, patience_s=options.pop("patience_s", 20))
        stopped = options.pop("is_stopped", lambda: False)
        return server.put_artifact(KEY, "a b/c#.csv", source, grant="k.1.s", is_stopped=stopped)

    def test_it_states_its_digest_and_is_sent_whole(self, answers: Answers, source: Path) -> None:
        artifact = self.put(answers, source)

        assert (artifact.file_id, artifact.size_bytes) == ("f", len(CONTENT))
        [(address, stated)] = answers.asked
        assert urlsplit(address).path == "/prefix" + artifact_path(KEY, "a b/c#.csv")
        assert "/a%20b/c%23.csv" in address
        assert parse_qs(urlsplit(address).query) == {"grant": ["k.1.s"]}
        digest = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
        assert stated == f"sha-256=:{digest}:"

    def test_what_broke_off_or_came_at_the_wrong_time_is_sent_again(
        self, answers: Answers, source: Path
    ) -> None:
        answers.script = [(503, len(CONTENT)), (500, 1_000), (429, 0)]

        assert self.put(answers, source).size_bytes == len(CONTENT)
        assert len(answers.asked) == 4

    def test_other_bytes_than_were_sent_are_no_artifact(self, answers: Answers, source: Path) -> None:
        answers.script = [(200, 1_000)]
        with pytest.raises(TransferFailed, match="SHA-256"):
            self.put(answers, source)

    def test_a_refusal_is_heard_though_the_body_is_not_read(self, answers: Answers, source: Path) -> None:
        answers.script = [(413, 0)]
        answers.refusal = b'{"code": "storage_quota_reached", "detail": "delete some"}'
        with pytest.raises(TransferRefused, match="delete some"):
            self.put(answers, source)

    def test_it_stops_when_its_attempt_does(self, answers: Answers, source: Path) -> None:
        with pytest.raises(TransferStopped):
            self.put(answers, source, is_stopped=lambda: True)


class TestSender:
    RESULT = RunResult(status=RunStatus.COMPLETED, result_json=b"1")

    @staticmethod
    def collected(folder: str | None) -> RunResult:
        assert folder is not None
        (Path(folder) / "0").write_bytes(CONTENT)
        output = CollectedOutput(name="a/b", path=f"{folder}/0", size_bytes=len(CONTENT))
        return replace(TestSender.RESULT, outputs=(output,))

    def test_what_was_collected_becomes_artifacts_and_goes(self, answers: Answers, tmp_path: Path) -> None:
        sender = ArtifactSender(FileServer(answers.url), OwnedFolder(tmp_path))
        with sender.collecting() as folder:
            result = sender.send(KEY, "g", self.collected(folder), is_stopped=lambda: False)
        assert (result.status, result.outputs) == (RunStatus.COMPLETED, ())
        assert [artifact.name for artifact in result.artifacts] == ["a/b"]
        assert not Path(folder or "").exists()

    def test_without_a_storage_the_run_has_failed(self, answers: Answers, tmp_path: Path) -> None:
        sender = ArtifactSender(FileServer(answers.url), OwnedFolder(tmp_path))
        with sender.collecting() as folder:
            result = sender.send(KEY, None, self.collected(folder), is_stopped=lambda: False)
        assert result.error is not None
        assert (result.error.kind, result.result_json) == (ErrorKind.OUTPUT, None)
        assert "SATELLITE_FILES_STORAGE_URL" in result.error.message
        assert answers.asked == []

    @pytest.mark.parametrize(
        ("refusal", "kind"),
        [
            (b'{"code": "storage_quota_reached", "detail": "full"}', ErrorKind.OUTPUT),
            (b'{"code": "attempt_over", "detail": "late"}', ErrorKind.INTERNAL),
        ],
    )
    def test_what_is_not_taken_says_whose_fault_it_is(
        self, answers: Answers, tmp_path: Path, refusal: bytes, kind: ErrorKind
    ) -> None:
        answers.script, answers.refusal = [(409, len(CONTENT))], refusal
        sender = ArtifactSender(FileServer(answers.url), OwnedFolder(tmp_path))
        with sender.collecting() as folder:
            result = sender.send(KEY, "g", self.collected(folder), is_stopped=lambda: False)
        assert result.error is not None
        assert result.error.kind is kind

    def test_a_worker_that_knows_no_server_has_nothing_collected(self, tmp_path: Path) -> None:
        with ArtifactSender(None, OwnedFolder(tmp_path)).collecting() as folder:
            assert folder is None
