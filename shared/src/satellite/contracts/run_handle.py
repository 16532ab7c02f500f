"""The handle of a running attempt: by it another process finds what the one that began it left running."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from satellite.contracts.message import Message


class RunHandle(Message):
    """Where a run is and until when it may go on; all that is needed beside the job to go on with it."""

    runtime: str = Field(description="The name of the runtime that began it.")
    place: str = Field(description="The engine it is on; only workers of the same place can attach to it.")
    name: str = Field(description="What the engine knows it by, such as the id of a container.")
    began_at: datetime = Field(description="When its input was handed over, by the clock of its machine.")
    deadline_at: datetime = Field(description="When it has to have ended, by the same clock.")
    gpu_ids: tuple[str, ...] = Field(default=(), description="The graphics cards that it uses.")
