"""Commands on a real sshd: what arrives, what comes back, how they end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_server.connector.ssh.connection import OUTPUT_BYTES_MAX, ParamikoConnection, connect
from analysis_server.connector.ssh.errors import AnswerTooLarge, ChannelRefused, CommandTimedOut
from tests.fixtures.ssh import SshHost, ssh_host


@pytest.fixture(scope="module")
def connection(host: SshHost) -> Iterator[ParamikoConnection]:
    with contextlib.closing(connect(host.destination())) as connected:
        yield connected


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=5))
def test_any_argv_arrives_as_it_is(connection: ParamikoConnection, argv: list[str]):
    told = connection.run(["/usr/bin/python3", "-c", _TELL, *argv]).stdout

    assert told == b"".join(each.encode() + b"\0" for each in argv)


_TELL = "import os, sys; [sys.stdout.buffer.write(os.fsencode(a) + b'\\0') for a in sys.argv[1:]]"


_TO_BOTH = """
import sys
for piece in iter(lambda: sys.stdin.buffer.read(65536), b""):
    sys.stdout.buffer.write(piece)
    sys.stderr.buffer.write(piece)
"""


def test_bytes_that_are_no_text_arrive_as_they_are(connection: ParamikoConnection):
    name = b"\xff\xfe'$(rm)".decode(errors="surrogateescape")

    assert connection.run(["printf", "%s", name]).stdout == b"\xff\xfe'$(rm)"


def test_how_it_ended_is_told_with_both_outputs(connection: ParamikoConnection):
    done = connection.run(["sh", "-c", "cat; echo bad >&2; exit 7"], stdin=b"in\n")

    assert (done.exit_code, done.stdout, done.stderr) == (7, b"in\n", b"bad\n")


def test_a_command_that_a_signal_ended_has_no_exit_code(connection: ParamikoConnection):
    assert connection.run(["sh", "-c", "kill -9 $$"]).exit_code is None


def test_much_goes_both_ways_at_once(connection: ParamikoConnection):
    data = bytes(range(256)) * 40_000

    done = connection.run(["/usr/bin/python3", "-c", _TO_BOTH], stdin=data)

    assert done.stdout == data
    assert data.endswith(done.stderr)
    assert len(done.stderr) == 64 * 1024


def test_a_command_that_reads_nothing_of_its_input_ends(connection: ParamikoConnection):
    assert connection.run(["echo", "done"], stdin=b"x" * 10_000_000).stdout == b"done\n"


def test_output_without_end_is_refused(connection: ParamikoConnection):
    with pytest.raises(AnswerTooLarge):
        connection.run(["cat", "/dev/zero"], timeout_s=300)
    assert OUTPUT_BYTES_MAX == 64 * 1024 * 1024


def test_a_command_that_takes_too_long_is_left(connection: ParamikoConnection):
    with pytest.raises(CommandTimedOut, match="sleep"):
        connection.run(["sleep", "1000"], timeout_s=0.3)

    assert connection.run(["echo", "next"]).stdout == b"next\n"


def test_a_standing_command_answers_line_by_line(connection: ParamikoConnection):
    channel = connection.open(["cat"])
    for line in (b"one", b"", b"three" * 100_000):
        channel.write(line + b"\n")
        assert channel.read_line(60) == line
    with pytest.raises(TimeoutError):
        channel.read_line(0.05)
    channel.write(b"half")
    with pytest.raises(TimeoutError):
        channel.read_line(0.5)
    channel.write(b" and half\nrest")

    assert channel.read_line(60) == b"half and half"
    channel.end_input()
    assert channel.read_line(60) == b"rest"
    assert channel.read_line(60) == b""
    assert channel.wait(60) == 0
    channel.close()


def test_a_standing_command_may_complain_without_end(connection: ParamikoConnection):
    channel = connection.open(["sh", "-c", "head -c 20000000 /dev/zero >&2; echo done"])

    assert channel.read_line(60) == b"done"
    assert len(channel.stderr) == 64 * 1024
    channel.close()


def test_what_is_written_to_a_command_that_has_ended_is_told(connection: ParamikoConnection):
    channel = connection.open(["true"])
    assert channel.wait(60) == 0

    with pytest.raises(BrokenPipeError):  # noqa: PT012
        for _ in range(1000):
            channel.write(b"x")
            time.sleep(0.01)
    channel.close()


def test_closing_a_channel_ends_the_command(connection: ParamikoConnection):
    channel = connection.open(["sh", "-c", "echo $$; cat"])
    pid = channel.read_line(60).decode()
    channel.close()

    gone = f"while kill -0 {pid} 2>/dev/null; do sleep 0.05; done"
    assert connection.run(["sh", "-c", gone], timeout_s=60).exit_code == 0


def test_many_threads_share_a_connection(connection: ParamikoConnection):
    answers = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(connection.run(["echo", str(n)]).stdout))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(answers) == [b"%d\n" % n for n in range(8)]


def test_a_host_that_allows_no_session_refuses():
    with (
        ssh_host(max_sessions=0) as closed,
        contextlib.closing(connect(closed.destination())) as connection,
        pytest.raises(ChannelRefused),
    ):
        connection.run(["true"])
