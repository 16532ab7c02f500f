"""The Python client: submit jobs, follow them live, and get typed results.

with SatelliteClient("http://127.0.0.1:8000", token=token) as client:
    job = client.submit("example-classifier", {"rows": [[5.1, 3.5, 1.4, 0.2]]})
    print(client.wait(job.id).result)
"""

from satellite.client.client import SatelliteClient
from satellite.client.errors import (
    AnswerUnreadable,
    APIError,
    Conflict,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Refused,
    RequestUnfit,
    ServerUnreachable,
    TooManyRequests,
    WaitTimedOut,
)
from satellite.client.models import Job, Page, Plugin, Worker

__all__ = [
    "APIError",
    "AnswerUnreadable",
    "Conflict",
    "Forbidden",
    "Job",
    "NotAuthenticated",
    "NotFound",
    "Page",
    "Plugin",
    "Refused",
    "RequestUnfit",
    "SatelliteClient",
    "ServerUnreachable",
    "TooManyRequests",
    "WaitTimedOut",
    "Worker",
]
