"""Cursors: where a client stands in the stream, and in the database should the stream be lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from satellite.errors import SatelliteError

StreamId = tuple[int, int]
"""Milliseconds and sequence number of a Redis stream entry."""

STREAM_START: StreamId = (0, 0)
CURSOR = re.compile(r"([0-9]{1,16})-([0-9]{1,16}):([0-9]{1,18})")


class CursorInvalid(SatelliteError):
    """The cursor is not one that Satellite has given."""

    code = "cursor_invalid"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position after an event: its stream entry and the newest durable event shown so far.

    A cursor of an event that was read from the database has `STREAM_START` and resumes in the database.
    """

    stream_id: StreamId
    event_id: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor that `text` stands for.

        Raises:
            CursorInvalid: it stands for none.
        """
        match = CURSOR.fullmatch(text)
        if match is None:
            raise CursorInvalid
        milliseconds, sequence, event_id = map(int, match.groups())
        return cls((milliseconds, sequence), event_id)

    def __str__(self) -> str:
        return f"{self.stream_id[0]}-{self.stream_id[1]}:{self.event_id}"


def parse_stream_id(raw: bytes | str) -> StreamId:
    """Return a Redis entry id as numbers, which compare in the order of the stream."""
    text = raw.decode() if isinstance(raw, bytes) else raw
    milliseconds, _, sequence = text.partition("-")
    return int(milliseconds), int(sequence or 0)


def format_stream_id(stream_id: StreamId) -> str:
    """Return a stream id as Redis writes it."""
    return f"{stream_id[0]}-{stream_id[1]}"
