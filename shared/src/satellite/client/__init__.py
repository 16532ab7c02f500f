"""The Python client: submit jobs, follow them live, and get typed results.

with SatelliteClient("http://127.0.0.1:8000", token=token) as client:
    job = client.submit("example-classifier", {"rows": rows})
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
    TransferCorrupted,
    WaitTimedOut,
)
from satellite.client.login import KeptLogin, Tokens
from satellite.client.models import (
    ApiKey,
    Artifact,
    Inference,
    Job,
    Model,
    ModelVersion,
    Page,
    Plugin,
    StoredFile,
    StoredSecret,
    User,
    Worker,
)

__all__ = [
    "APIError",
    "AnswerUnreadable",
    "ApiKey",
    "Artifact",
    "Conflict",
    "Forbidden",
    "Inference",
    "Job",
    "KeptLogin",
    "Model",
    "ModelVersion",
    "NotAuthenticated",
    "NotFound",
    "Page",
    "Plugin",
    "Refused",
    "RequestUnfit",
    "SatelliteClient",
    "ServerUnreachable",
    "StoredFile",
    "StoredSecret",
    "Tokens",
    "TooManyRequests",
    "TransferCorrupted",
    "User",
    "WaitTimedOut",
    "Worker",
]
