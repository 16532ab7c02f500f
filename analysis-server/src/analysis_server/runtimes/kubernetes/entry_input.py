"""The one line that `pod-entry` reads: what a plugin gets, none of which stands in the pod's description."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

import orjson

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.plugin_input import job_arguments
from analysis_server.runtimes.secrets.giving import FOLDER_VARIABLE, GivenSecrets

SECRETS: Final = PurePath("/run/secrets")


def input_line(request: RunRequest, secrets: GivenSecrets) -> bytes:
    """Return the line of a run, its end included.

    Raises:
        InputTooLong: the input is to be an argument and too long for that.
    """
    arguments = job_arguments(request)
    files = _files(secrets)
    line = {
        "stdin": _text(request.input_json if arguments is None else b""),
        "arguments": arguments or [],
        "variables": {
            **request.trace_variables,
            **secrets.variables,
            **({FOLDER_VARIABLE: str(SECRETS)} if files else {}),
        },
        "files": files,
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _files(secrets: GivenSecrets) -> Mapping[str, str]:
    if secrets.folder is None:
        return {}
    return {str(SECRETS / file.name): _text(file.read_bytes()) for file in secrets.folder.path.iterdir()}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
