"""One job and the end: the whole of stdin in, one JSON value out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from satellite.plugin import progress
from satellite.plugin.errors import InputRefused
from satellite.plugin.failure import EXIT_INPUT_REFUSED, EXIT_OUTPUT_UNFIT, Failure, make_failure
from satellite.plugin.framing import decode
from satellite.plugin.invocation import Answer, Invocation
from satellite.plugin.streams import Streams

SPOKEN = {EXIT_INPUT_REFUSED: "::input-refused", EXIT_OUTPUT_UNFIT: "::output-unfit"}
"""The exit codes whose reason is told on a line of its own, as the last thing on stderr."""


def run_once(invocation: Invocation, streams: Streams, arguments: Sequence[str]) -> int:
    """Work on the input in the first argument, else on stdin, and return the exit code."""
    # Setup is over by now, so that a container on standby waits here with its model loaded.
    text = arguments[0] if arguments else streams.requests.read()
    answer = _answer(invocation, text)
    if isinstance(answer, Failure):
        answer.print_traceback()
        if answer.exit_code in SPOKEN:
            sys.stderr.write(f"{SPOKEN[answer.exit_code]} {answer.message}\n")
        return answer.exit_code
    streams.answers.write(answer.encode() + b"\n")
    # Closed at once: whoever reads need not wait for the interpreter to end.
    streams.answers.close()
    return 0


def _answer(invocation: Invocation, text: bytes | str) -> Answer:
    try:
        value = decode(text)
    except InputRefused as error:
        return make_failure(error)
    return invocation.answer_all([value], lambda _: progress.lines.begin())[0]
