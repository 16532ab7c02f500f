"""The offer of a run that has outlived its worker."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from satellite.contracts.job import AttemptMessage
from satellite.contracts.run_handle import RunHandle


class AdoptionOffer(AttemptMessage):
    """A run whose worker is gone: whoever takes the offer goes on with it, under the same attempt."""

    generation: int = Field(ge=1, description="How often the attempt was offered by now, this time included.")
    owner_id: int
    plugin_digest: str
    manifest_json: str
    timeout_s: float = Field(gt=0)
    started_at: datetime
    handle: RunHandle
    artifacts_grant: str | None = Field(default=None, description="As in the `JobMessage` of the attempt.")
    traceparent: str | None = Field(default=None, description="The trace of the job, if traced.")
