"""Whatever a plugin writes, in whatever pieces, is an answer or a fault, and never an error of the worker."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from analysis_server.runtimes.container.attach_stream import STDERR, FrameDemultiplexer
from analysis_server.runtimes.port import SilentListener
from analysis_server.runtimes.run.answer import AnswerBuffer, find_fault
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.partial_line import PartialLine
from analysis_server.runtimes.serving.wire import NotAnAnswer, find_answer_fault, is_ready_line, read_answer
from satellite.contracts.outcome import ErrorKind
from satellite.testing import manifest_of
from tests.unit.analysis_server.runtimes.server_runs import request_of

MANIFEST = manifest_of(output_schema={"type": ["object", "array"], "maxProperties": 3})
MAX_BYTES = 500
NEARLY_JSON = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"1e999", b"-0", b"\\u0000", b"\\ud800", b"\xff",
         b"NaN", b"\n", b" ", b'"a"', b"[" * 300, b"1" * 40, b"::progress 0.5\n", b"::progress 1e400 \0\n"]
    ),
    max_size=20,
).map(b"".join)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["kind", "message", "exit_code", "id"]), inner)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())
OUTPUT = st.binary(max_size=600) | NEARLY_JSON


def pieces_of(data: st.DataObject, stream: bytes) -> Sequence[bytes]:
    """Cut a stream anywhere."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    return [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@given(OUTPUT, st.data())
def test_stdout_of_a_oneshot(stdout: bytes, data: st.DataObject) -> None:
    buffer = AnswerBuffer(MAX_BYTES)
    for piece in pieces_of(data, stdout):
        buffer.write(piece)
    assert buffer.bytes() == stdout[: MAX_BYTES + 1]
    assert buffer.too_large == (len(stdout) > MAX_BYTES + 1)

    fault = find_fault(buffer.bytes(), manifest=MANIFEST, digest="any", max_bytes=MAX_BYTES)

    if fault is None:
        assert isinstance(orjson.loads(buffer.bytes()), dict | list)
    else:
        assert fault.kind is ErrorKind.OUTPUT
        assert fault.message.isprintable()


@given(OUTPUT | JSON)
def test_a_line_of_a_server(written: bytes) -> None:
    for line in (written, b'{"id":"7.1","result":%b}' % written, b'{"id":"7.1","error":%b}' % written):
        is_ready_line(line)
        with contextlib.suppress(NotAnAnswer):
            fault = find_answer_fault(read_answer(line), request_of(7))
            assert fault is None or fault.message


@given(st.lists(st.tuples(st.sampled_from([1, STDERR]), st.binary(max_size=50)), max_size=8), st.data())
def test_the_attach_stream(written: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4) + text for kind, text in written)
    stdout, stderr = bytearray(), bytearray()
    demultiplexer = FrameDemultiplexer(stdout=stdout.extend, stderr=stderr.extend)
    for piece in pieces_of(data, stream):
        demultiplexer.feed(piece)
    for kind, found in ((1, stdout), (STDERR, stderr)):
        assert found == b"".join(text for own, text in written if own == kind)
    assert demultiplexer.frames == len(written)


@given(st.binary(max_size=400) | NEARLY_JSON, st.sampled_from([1, 400]), st.data())
def test_stderr(written: bytes, times: int, data: st.DataObject) -> None:
    stream, line = written * times, PartialLine()
    pieces = pieces_of(data, stream)

    assert b"".join(map(line.feed, pieces)) + line.rest() == stream

    log = LogCapture(SilentListener(), max_bytes=10_000)
    for piece in pieces:
        log.write(piece)
    log.finish()
    assert log.progress is None or 0 <= log.progress <= 1
