"""Fetches the secrets of attempts, which the API seals for this worker alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from pydantic import ValidationError

from analysis_server.operation_api.client import APIRefused, APIUnavailable, OperationAPI
from analysis_server.operation_api.sealing import SealedFor
from analysis_server.runtimes.secrets.errors import SecretMissing, SecretsUnavailable
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_secrets import PATH, RunSecretsRequest, SealedSecrets, context_of

TRY_FOR_S: Final = 6.0
"""Longer than an API takes to be started anew; what then still fails is tried again as another attempt."""
PAUSE_S: Final = 0.5
NOT_OURS: Final = "attempt_not_active"

logger = structlog.get_logger(__name__)


class SecretsOfAPI:
    """Stored secrets, from the API; asks again for a moment while it does not answer."""

    def __init__(self, api: OperationAPI, *, worker: str) -> None:
        """Ask for one worker."""
        self._api = api
        self._worker = worker

    def fetch(self, key: AttemptKey) -> Mapping[str, str]:
        """Return the values of the secrets of an attempt by their names; see the port."""
        deadline = time.monotonic() + TRY_FOR_S
        while True:
            try:
                return self._fetch(key)
            except APIRefused as error:
                if error.code == NOT_OURS:
                    raise SecretsUnavailable(f"The secrets are not given: {error}") from error
                raise SecretMissing(str(error)) from error
            except APIUnavailable as error:
                if time.monotonic() > deadline:
                    raise SecretsUnavailable(f"The secrets cannot be fetched: {error}") from error
                logger.warning("secrets not fetched yet", attempt=key, error=str(error))
                time.sleep(PAUSE_S)

    def _fetch(self, key: AttemptKey) -> Mapping[str, str]:
        own = SealedFor()
        request = RunSecretsRequest(**key._asdict(), worker=self._worker, public_key=own.public_key)
        answer = self._api.post(PATH, request.model_dump_json().encode())
        try:
            sealed = SealedSecrets.model_validate_json(answer)
            context = context_of(request, sealed.public_key)
            return own.open(sealed.sealed, peer=sealed.public_key, context=context, token=self._api.token)
        except (ValidationError, ValueError, InvalidTag) as error:
            # Without what it says: it may show what was answered.
            raise SecretMissing(
                "The API's answer does not open: it is not for this attempt, or not by who has "
                f"SATELLITE_WORKER_API_TOKEN ({type(error).__name__})."
            ) from None
