"""What can go wrong between client and server, with the server's own code and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from satellite.contracts.event import EventSubject
from satellite.errors import SatelliteError

if TYPE_CHECKING:
    from satellite.client.models import Job


class ClientError(SatelliteError):
    """The request did not succeed."""

    code = "client"


class ServerUnreachable(ClientError):
    """No operation server answers at this address."""

    code = "unreachable"


class ServiceAway(ServerUnreachable):
    """The server was not reached several times in a row; it is tried again in `retry_after_s`."""

    code = "service_away"

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        when = f"in {retry_after_s:.1f} s" if retry_after_s else "by another call right now"
        super().__init__(f"The server was not reached several times in a row; it is tried again {when}.")


class JobFailed(ClientError):
    """The job that was to give an answer has failed or was cancelled; `job` is it."""

    code = "job_failed"

    def __init__(self, job: Job) -> None:
        self.job = job
        kind = (job.error or {}).get("kind", job.status)
        super().__init__(f"Job {job.id} gave no answer ({kind}): {job.error_message or job.status}")


class WaitTimedOut(ClientError):
    """The job or run `job_id` did not end in time."""

    code = "wait_timed_out"

    def __init__(
        self, job_id: int, timeout_s: float | None, *, subject: EventSubject = EventSubject.JOB
    ) -> None:
        self.job_id = job_id
        within = "in time" if timeout_s is None else f"within {timeout_s:g} s"
        super().__init__(f"{subject.capitalize()} {job_id} did not end {within}.")


class RequestUnfit(ClientError):
    """The request cannot be written: its input is not JSON, or a name holds what no address takes."""

    code = "request_unfit"


class AnswerUnreadable(ClientError):
    """What answers at this address is not an operation server, or something between changed its answer."""

    code = "answer_unreadable"


class TransferCorrupted(ClientError):
    """What arrived at one end is not what was sent at the other: the digests differ."""

    code = "transfer_corrupted"


class APIError(ClientError):
    """The server refused the request.

    `status` is the HTTP status, `code` the server's stable code, `violations` what its answer lists
    as wrong with the input, `problem` the whole answer.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code") or f"http_{status}")
        self.violations: list[Any] = _listed(problem)
        super().__init__(_words(problem, status))


class NotAuthenticated(APIError):
    """The server does not know who asks (401)."""


class Forbidden(APIError):
    """The server does not allow it (403)."""


class NotFound(APIError):
    """There is no such thing (404)."""


class Conflict(APIError):
    """It contradicts what the server already has (409), or what it had when that was read (412)."""


class Refused(APIError):
    """The request or its input is wrong (400, 413, 415, 422)."""


class TooManyRequests(APIError):
    """A limit is reached (429); `retry_after_s` tells when to come back."""

    retry_after_s: float = 1


_BY_STATUS: dict[int, type[APIError]] = {
    400: Refused,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: Refused,
    415: Refused,
    422: Refused,
    429: TooManyRequests,
}


def error_of(response: httpx.Response) -> APIError:
    """Return the exception that a failed response stands for."""
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": _without_words(response)}
    error = _BY_STATUS.get(response.status_code, APIError)(response.status_code, problem)
    if isinstance(error, TooManyRequests):
        error.retry_after_s = _seconds(response.headers.get("Retry-After", ""))
    return error


def _seconds(retry_after: str) -> float:
    # Proxies also send a date.
    return float(retry_after) if retry_after.isdecimal() else TooManyRequests.retry_after_s


def _without_words(response: httpx.Response) -> str:
    """Return a sentence for an answer that is no problem document, such as the page of a proxy."""
    said = f"{response.status_code} {response.reason_phrase}".strip()
    who = f"The server at {response.url.netloc.decode()}"
    if response.is_server_error:
        who += ", or a proxy in front of it,"
    return f"{who} answered {said} without saying why."


def _listed(problem: dict[str, Any]) -> list[Any]:
    listed = problem.get("errors")
    return listed if isinstance(listed, list) else []


def _words(problem: dict[str, Any], status: int) -> str:
    words = str(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
    listed = [told for entry in _listed(problem) if (told := _violation(entry)) not in words]
    return f"{words} ({'; '.join(listed)})" if listed else words


def _violation(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    where, what = entry.get("pointer"), entry.get("message", entry)
    return f"{where}: {what}" if where else str(what)
