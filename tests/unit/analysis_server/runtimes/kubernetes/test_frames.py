"""Numbered frames come out whole, however often their stream is cut and begun anew."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest

from analysis_server.runtimes.kubernetes.frames import FrameReader, FramesMissing

OUT = bytes(range(256)) * 64
LINES = [b"one\n", b"two\n", b"three\n"]


def frame(number: int, kind: str, data: bytes) -> bytes:
    return f"{number} {kind} {base64.b64encode(data).decode()}\n".encode()


def stream(*, exit_code: int = 0, kills: int = 0, out: bytes = OUT, sum_of: bytes = OUT) -> bytes:
    told = [("A", b"")] + [("O", out[at : at + 1000]) for at in range(0, len(out), 1000)]
    told += [("E", line) for line in LINES]
    told.append(("X", f"{exit_code} {hashlib.sha256(sum_of).hexdigest()} {kills}".encode()))
    return b"".join(frame(number, kind, data) for number, (kind, data) in enumerate(told))


class Heard:
    def __init__(self) -> None:
        self.out, self.err = bytearray(), bytearray()
        self.reader = FrameReader(stdout=self.out.extend, stderr=self.err.extend)


def test_both_streams_and_the_end_are_told() -> None:
    heard = Heard()
    heard.reader.feed(stream(exit_code=-9, kills=1))

    assert bytes(heard.out) == OUT
    assert bytes(heard.err) == b"".join(LINES)
    assert heard.reader.end is not None
    assert (heard.reader.end.exit_code, heard.reader.end.oom) == (-9, True)


def test_a_stream_that_is_cut_a_hundred_times_is_the_same() -> None:
    heard, whole, chance = Heard(), stream(), random.Random(1)
    for _ in range(100):
        until = chance.randrange(len(whole))
        for start in range(0, until, 777):
            heard.reader.feed(whole[start : min(start + 777, until)])
        heard.reader.restart()
    assert heard.reader.end is None
    heard.reader.feed(whole)

    assert bytes(heard.out) == OUT
    assert heard.reader.end is not None


def test_a_beginning_that_is_gone_is_told() -> None:
    heard = Heard()
    lines = stream().splitlines(keepends=True)
    with pytest.raises(FramesMissing, match="frames 0 to 1 are missing"):
        heard.reader.feed(b"".join(lines[2:]))


def test_a_wrong_sum_is_told() -> None:
    with pytest.raises(FramesMissing, match="sum"):
        Heard().reader.feed(stream(sum_of=b"another"))


def test_what_is_no_frame_is_kept_aside() -> None:
    heard = Heard()
    heard.reader.feed(b"pod-entry: no input came\n" + stream())

    assert heard.reader.stray == b"pod-entry: no input came\n"
    assert heard.reader.end is not None


def test_the_input_has_come_with_the_first_frame() -> None:
    heard = Heard()
    assert not heard.reader.is_accepted
    heard.reader.feed(frame(0, "A", b""))
    assert heard.reader.is_accepted
