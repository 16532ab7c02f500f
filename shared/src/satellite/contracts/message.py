"""What all messages of the wire have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A frozen message of the wire; unknown fields of a newer sender are ignored."""

    # Whoever shows a message writes JSON, which has no NaN: one in a heartbeat would hide all workers.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
