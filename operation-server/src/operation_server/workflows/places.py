"""The parts of addresses by which workflows are found."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path

from operation_server.workflows.errors import WorkflowChanged
from satellite.contracts.numbers import LARGEST_ID

WorkflowId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[7])]
TaskId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[21])]
TaskName = Annotated[str, Path(max_length=100, examples=["data_preprocessing"])]
VersionNumber = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=100,
        description="The ETag of what you have read; another revision is 412.",
    ),
]


def revision_of(if_match: str | None) -> int | None:
    """Return the revision that a change is for; None if it is for any.

    Raises:
        WorkflowChanged: it is no revision of a workflow.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > len(str(LARGEST_ID)):
        raise WorkflowChanged("If-Match is no revision of a workflow; send the ETag that you have read.")
    return int(text)


def etag(revision: int) -> str:
    """Return the ETag of a revision."""
    return f'"{revision}"'
