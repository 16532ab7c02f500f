"""The standing channel: a request a line, an answer a line, in whatever order they become ready."""

import json
import sys
import threading
import traceback
from typing import Any, Dict, List

from analysis_server.connector.remote import watching
from analysis_server.connector.remote.__main__ import answer, refusal
from analysis_server.connector.remote.errors import Refused

LINE_BYTES_MAX = 64 << 20
SIDE_BY_SIDE_MAX = 32


class Channel:
    """Answers until its input ends, which it does with the connection."""

    def __init__(self, base: str) -> None:
        """Take the base folder."""
        self._base = base
        self._is_over = threading.Event()
        self._writing = threading.Lock()
        self._places = threading.BoundedSemaphore(SIDE_BY_SIDE_MAX)

    def run(self) -> None:
        """Answer each line; those that wait do so beside all others."""
        while True:
            line = sys.stdin.buffer.readline(LINE_BYTES_MAX)
            if not line.endswith(b"\n"):
                break
            self._places.acquire()
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()
        self._is_over.set()

    def _answer(self, line: bytes) -> None:
        number: Any = None
        try:
            request = json.loads(line.decode("utf-8"))
            number = request["id"]
            result = self._carry_out(request["command"], request.get("body"))
        except (ValueError, KeyError, TypeError):
            result = refusal(Refused("bad_request", "A line is {id, command, body}."))
        except Exception as error:  # noqa: BLE001 - one broken request must not end the channel
            traceback.print_exc()
            result = refusal(Refused("broken", repr(error)))
        finally:
            self._places.release()
        self._write(dict(result, id=number))

    def _carry_out(self, command: str, body: Any) -> Dict[str, Any]:
        if command != "watch":
            return answer(self._base, command, body)
        try:
            return watching.watch(self._base, body, self._is_over.is_set)
        except Refused as refused:
            return refusal(refused)

    def _write(self, result: Dict[str, Any]) -> None:
        data = json.dumps(result).encode("ascii") + b"\n"
        with self._writing:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


def serve(base: str, arguments: List[str]) -> None:  # noqa: ARG001
    """Answer on standard output what comes on standard input, until that ends."""
    Channel(base).run()
