"""Outcomes on disk are whole or not there."""

from __future__ import annotations

from pathlib import Path

from analysis_server.reporting.callback_message import CallbackMessage
from analysis_server.reporting.spool import Spool

MESSAGE = CallbackMessage(task="t", queue="q", id="1", body='[["ü"],{},{}]'.encode())


def test_a_message_comes_back_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert list(spool.keys()) == []
    assert spool.put((7, 2), MESSAGE)
    assert list(Spool(tmp_path / "spool").keys()) == [(7, 2)]
    assert spool.get((7, 2)) == MESSAGE
    spool.remove((7, 2))
    assert list(spool.keys()) == []
    assert spool.get((7, 2)) is None


def test_a_half_written_message_is_none(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "3-1.part").write_bytes(b'{"task":')
    assert list(spool.keys()) == []
    for content in (b'{"task":', b"[]", b"7", b'{"task":"t","queue":"q","id":"1","body":7}', b"[" * 2_000):
        (tmp_path / "3-1.json").write_bytes(content)
        assert spool.get((3, 1)) is None


def test_a_disk_that_refuses_is_told_not_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert not Spool(tmp_path / "file" / "spool").put((1, 1), MESSAGE)
