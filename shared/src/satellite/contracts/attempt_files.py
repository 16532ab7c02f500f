"""Files on their way between the operation server and the worker that runs an attempt.

A worker holds no key of the storage and no login: each address that it may use is signed, for one method, one
attempt and a time, and holds no longer than the attempt itself.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from pydantic import Field

from satellite.contracts.identity import AttemptKey
from satellite.contracts.message import Message

ATTEMPTS_PATH: Final = "/api/v1/attempts"
GRANT_PARAMETER: Final = "grant"
ARTIFACTS_MAX: Final = 1_000
"""More that one attempt brings are refused: their names travel in its outcome."""
RESULT_NAME: Final = "result.json"
"""The artifact that a result becomes which is too large for an answer."""
LONGEST_ARTIFACT_NAME: Final = 500
ARTIFACT_NAME_PATTERN: Final = r"^[^/\\\x00-\x1f\x7f]+(/[^/\\\x00-\x1f\x7f]+)*$"


PUSHED_PREFIX: Final = "xcoms."
"""Of the ids of files that are stored nowhere: what a task of the job's run has pushed."""


def pushed_id(task: str) -> str:
    """Return the id of the file of what a task has pushed, for the jobs of steps after it."""
    return PUSHED_PREFIX + task


def pushed_task(file_id: str) -> str | None:
    """Return the task of whose values a file is, None of a file that is stored."""
    return file_id.removeprefix(PUSHED_PREFIX) if file_id.startswith(PUSHED_PREFIX) else None


class InputFile(Message):
    """A file that a job's input refers to."""

    id: str
    pointers: list[str] = Field(description="JSON pointers of the places in the input that get its path.")
    name: str
    size_bytes: int
    sha256: str = Field(description="Of its bytes, in hexadecimal.")


class GrantedFile(InputFile):
    """An input file that the worker of an attempt may fetch."""

    grant: str = Field(description="Signs the method GET and the path of `input_path` for a time.")


class Artifact(Message):
    """A file that an attempt has written to its output folder, and that was stored since."""

    name: str = Field(description="Its path in that folder.", examples=["charts/one.png"])
    file_id: str = Field(examples=["3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d"])
    size_bytes: int = Field(examples=[48_211])
    sha256: str = Field(description="Of its bytes, in hexadecimal.", examples=["9f86d081884c7d65"])


def input_path(key: AttemptKey, file_id: str) -> str:
    """Return the path at which an attempt's worker fetches a file."""
    return f"{_attempt_path(key)}/files/{quote(file_id, safe='')}"


def artifacts_path(key: AttemptKey) -> str:
    """Return the path below which an attempt's worker puts artifacts; one grant holds for all of them."""
    return f"{_attempt_path(key)}/artifacts"


def artifact_path(key: AttemptKey, name: str) -> str:
    """Return the path to which an attempt's worker puts an artifact."""
    return f"{artifacts_path(key)}/{quote(name)}"


def is_artifact_name(name: str) -> bool:
    """Tell whether an artifact can be called so: a path that leads nowhere else."""
    if len(name) > LONGEST_ARTIFACT_NAME or not _is_utf_8(name):
        return False
    return bool(re.fullmatch(ARTIFACT_NAME_PATTERN, name)) and not {".", ".."} & set(name.split("/"))


def _is_utf_8(name: str) -> bool:
    # Of bytes on a disk that are not, Python makes characters that are none.
    return name.encode(errors="ignore").decode() == name


def _attempt_path(key: AttemptKey) -> str:
    return f"{ATTEMPTS_PATH}/{key.job_id}/{key.attempt}/{key.uid}"
