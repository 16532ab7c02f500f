"""The door by which records come into the queue, under the rules of the other doors."""

from __future__ import annotations

import codecs
from typing import Any

from operation_server.inference.schemas import InferenceCreate
from operation_server.inference.service import InferenceService
from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.submission.service import Submission, SubmissionService
from operation_server.kafka.record import IncomingRecord
from operation_server.kafka.submitter import Submitter
from operation_server.limits.requests import RequestLimits
from satellite.contracts.json_text import JSONMalformed, parse_json


class RecordDoor:
    """Makes a record a job, or a request to a model."""

    def __init__(
        self,
        *,
        submitter: Submitter,
        requests: RequestLimits,
        submissions: SubmissionService,
        inference: InferenceService,
    ) -> None:
        self._submitter = submitter
        self._requests = requests
        self._submissions = submissions
        self._inference = inference

    async def submit(self, record: IncomingRecord) -> Submission:
        """Store the job of a record; the same record again gives the same job.

        Raises:
            SubmitterRefused: nobody may submit now.
            RateExceeded, QueueQuotaReached: the account submits or has too much.
            JSONRefused, ValidationError: it is no request.
            Exception: as `SubmissionService.submit` and `InferenceService.submit` say.
        """
        caller = await self._submitter.account()
        await self._requests.count_record(user_id=caller.id, key=caller.key)
        request = read_request(record)
        traceparent = record.header("traceparent")
        if isinstance(request, InferenceCreate):
            return await self._inference.submit(
                caller, request, idempotency_key=record.place, traceparent=traceparent
            )
        return await self._submissions.submit(
            caller, request, idempotency_key=record.place, traceparent=traceparent
        )


def read_request(record: IncomingRecord) -> JobCreate | InferenceCreate:
    """Return the request of a record, which is the body of `POST /jobs` or of `POST /inference/submit`.

    Raises:
        JSONRefused: the value is not JSON that Satellite takes.
        ValidationError: it is neither request.
    """
    if record.value is None:
        raise JSONMalformed("is missing: the record has no value")
    body: Any = parse_json(record.value.removeprefix(codecs.BOM_UTF8), envelope_levels=1)
    asks_model = isinstance(body, dict) and "model_name" in body
    return InferenceCreate.model_validate(body) if asks_model else JobCreate.model_validate(body)
