"""The commands of a cluster's host: JSON on standard input, one document of JSON on standard output.

A command that is refused answers `{"error": {"kind", "message"}}` and exits 0; any other exit means a defect.
"""

import argparse
import importlib
import json
import sys
from typing import Any, Callable, Dict

from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import base_folder

PACKAGE = "analysis_server.connector.remote."

# Each is `module:function`, called with the base folder and the document that came in. They are imported when
# they are asked for: nothing of this file is compiled ahead.
COMMANDS = {
    "hello": "hello:hello",
    "submit": "submission:submit",
    "poll": "polling:poll",
    "watch": "watching:watch",
    "cancel": "cancelling:cancel",
    "bury": "burying:bury",
    "remove": "removal:remove",
    "collected": "retention:collected",
    "sweep": "retention:sweep",
    "peek": "peeking:peek",
    "missing": "transfer:missing",
    "verify": "transfer:verify",
    "place": "placing:place",
    "unpack": "unpacking:unpack",
    "cached": "cache_trim:cached",
    "trim": "cache_trim:trim",
    "list": "reading:list_outputs",
}

# These read and write standard input and output by themselves; called with the base folder and the arguments.
STREAMS = {
    "serve": "serving:serve",
    "supervise": "supervision_command:supervise",
    "gpu-run": "gpu_run_command:gpu_run",
    "put": "transfer:put",
    "get": "reading:get",
}


def find(target: str) -> Callable[..., Any]:
    """Return the function that a command is made of."""
    module, _, function = target.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(PACKAGE + module), function)
    except (ImportError, AttributeError):
        raise Refused("unknown_command", f"This file does not have {target}.") from None
    return found


def answer(base: str, command: str, body: Any) -> Dict[str, Any]:
    """Return what a command answers, be it a refusal."""
    try:
        result: Dict[str, Any] = find(_target(command))(base, body)
    except Refused as refused:
        return refusal(refused)
    return result


def _target(command: Any) -> str:
    if not isinstance(command, str) or command not in COMMANDS:
        raise Refused("unknown_command", f"There is no command {ascii(command)[:80]}.")
    return COMMANDS[command]


def refusal(refused: Refused) -> Dict[str, Any]:
    """Return how a refusal is answered."""
    return {"error": {"kind": refused.kind, "message": refused.message}}


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(prog="agent", description="The remote side of Satellite.")
    parser.add_argument("--base", required=True, help="the folder of all jobs")
    parser.add_argument("command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        base = base_folder(options.base)
        if options.command in STREAMS:
            result = find(STREAMS[options.command])(base, options.arguments)
        else:
            result = answer(base, options.command, read_body())
    except Refused as refused:
        result = refusal(refused)
    if result is not None:
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


def read_body() -> Any:
    """Return the document that came in; nothing at all counts as an empty one."""
    data = sys.stdin.buffer.read()
    try:
        return json.loads(data.decode("utf-8")) if data.strip() else {}
    except ValueError:
        raise Refused("bad_request", "What came in is no JSON.") from None


if __name__ == "__main__":
    main()
