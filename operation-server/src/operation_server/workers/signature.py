"""What proves that a worker asks: a signature by the token that the API shares with all workers."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from operation_server.dependencies import ServicesDep
from operation_server.limits.requests import RequestLimits
from satellite.contracts.run_secrets import SIGNATURE_HEADER, sign
from satellite.errors import SatelliteError


class SignatureRefused(SatelliteError):
    """This is for workers, whose requests are signed by SATELLITE_API_WORKER_TOKEN."""

    code = "signature_refused"


async def get_worker_token(request: Request, services: ServicesDep) -> str:
    """Return the token that has signed a request.

    Raises:
        SignatureRefused: none has, or this API has no such token.
        RateExceeded: there were too many of that.
    """
    token: SecretStr | None = request.app.state.worker_token
    given = request.headers.get(SIGNATURE_HEADER, "")
    if token is not None:
        wanted = sign(token.get_secret_value(), request.method, request.url.path, await request.body())
        if hmac.compare_digest(given.encode(), wanted.encode()):
            return token.get_secret_value()
    await services[RequestLimits].count(request)
    raise SignatureRefused


WorkerTokenDep = Annotated[str, Depends(get_worker_token)]
