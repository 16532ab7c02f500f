"""The synchronous client of the operation server's API."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import httpx
from pydantic import TypeAdapter, ValidationError

from satellite.client.errors import (
    AnswerUnreadable,
    RequestUnfit,
    ServerUnreachable,
    WaitTimedOut,
    error_of,
)
from satellite.client.events import stream_events
from satellite.client.models import Grant, Job, Page, Plugin, Worker
from satellite.contracts.event import Event
from satellite.contracts.json_text import JSONRefused, parse_json, write_json

API = "/api/v1"
REQUEST_TIMEOUT_S = 30
RESTART_TIMEOUT_S = 30
POLL_S = 0.1
Answer = TypeVar("Answer")
SERVER_WAIT_S = 20
"""The longest one request waits for a job to end; shorter than what proxies cut off."""


class SatelliteClient:
    """Talks to one operation server; may be used from several threads.

    Every method raises `ServerUnreachable` when nobody answers and a subclass of `APIError` when the
    server refuses; those that send a value raise `RequestUnfit` when no server would take it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        api_key: str | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self.url = url.rstrip("/")
        try:
            self._http = httpx.Client(base_url=self.url, timeout=timeout_s)
        except httpx.InvalidURL as error:
            raise RequestUnfit(f"{self.url} is no address: {error}.") from error
        self.token = token
        if api_key is not None:
            self._http.headers["X-API-Key"] = _header(api_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def token(self) -> str | None:
        """The access token sent with each request."""
        return self._token

    @token.setter
    def token(self, token: str | None) -> None:
        self._token = token
        if token is None:
            self._http.headers.pop("Authorization", None)
        else:
            self._http.headers["Authorization"] = f"Bearer {_header(token)}"

    def login(self, username: str, password: str) -> Grant:
        """Log in, use the access token from now on, and return it."""
        body = {"username": username, "password": password}
        grant = _read(Grant, self._request("POST", "/auth/token", json=body))
        self.token = grant.access_token
        return grant

    def me(self) -> dict[str, Any]:
        """Return the account that the token belongs to."""
        return _read(dict[str, Any], self._request("GET", "/users/me"))

    def is_ready(self) -> bool:
        """Tell whether the server takes jobs."""
        try:
            return self._http.get("/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    # Plugins.

    def register_plugin(self, manifest: Mapping[str, Any]) -> Plugin:
        """Register a version of a plugin; the same content again is the same version."""
        _check(dict(manifest))
        return _read(Plugin, self._request("POST", "/plugins", json=dict(manifest)))

    def list_plugins(self, *, name: str | None = None, skip: int = 0, limit: int = 100) -> Page[Plugin]:
        """List the registered plugins."""
        query = {"name": name, "skip": skip, "limit": limit}
        return _read(Page[Plugin], self._request("GET", "/plugins", params=query))

    def get_plugin(self, name: str) -> Plugin:
        """Return the newest version of a plugin."""
        return _read(Plugin, self._request("GET", f"/plugins/{name}"))

    # Jobs.

    def submit(
        self,
        plugin_name: str,
        input_data: Any,
        *,
        version: str | None = None,
        priority: int | None = None,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Submit a job; with an idempotency key, repeating the call returns the first job."""
        wanted = {"plugin_version": version, "priority": priority, "timeout_s": timeout_s}
        _check(input_data)
        body = {"plugin_name": plugin_name, "input_data": input_data}
        body |= {key: value for key, value in wanted.items() if value is not None}
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        job = self._request("POST", "/jobs", json=body, headers=headers)
        # A server that has stored a job and fails to show it names it at least.
        return _read(Job, job) if "created_at" in job else self.get_job(job["id"])

    def get_job(self, job_id: int) -> Job:
        """Return a job."""
        return _read(Job, self._request("GET", f"/jobs/{job_id}"))

    def list_jobs(
        self,
        *,
        status: str | None = None,
        plugin_name: str | None = None,
        skip: int = 0,
        limit: int = 50,
    ) -> Page[Job]:
        """List jobs, newest first."""
        query = {"status": status, "plugin_name": plugin_name, "skip": skip, "limit": limit}
        return _read(Page[Job], self._request("GET", "/jobs", params=query))

    def wait(self, job_id: int, *, timeout_s: float | None = None) -> Job:
        """Wait until a job is finished and return it, whatever it ended with.

        Raises:
            WaitTimedOut: it did not finish within `timeout_s`.
        """
        began = time.monotonic()
        last_answer = began
        while True:
            left_s = SERVER_WAIT_S if timeout_s is None else began + timeout_s - time.monotonic()
            wait_s = int(min(left_s, SERVER_WAIT_S))
            headers = {"Prefer": f"wait={wait_s}"} if wait_s >= 1 else {}
            try:
                job = _read(Job, self._request("GET", f"/jobs/{job_id}", headers=headers))
                last_answer = time.monotonic()
            except ServerUnreachable:
                # A server that restarts is worth waiting for, one that is gone is not.
                if time.monotonic() - last_answer > RESTART_TIMEOUT_S:
                    raise
                job = None
            if job is not None and job.is_finished:
                return job
            if timeout_s is not None and time.monotonic() - began >= timeout_s:
                raise WaitTimedOut(f"Job {job_id} did not end within {timeout_s:g} s.")
            if wait_s < 1 or job is None:
                time.sleep(POLL_S)

    def cancel(self, job_id: int) -> Job:
        """Ask for a job's end; it is cancelled now, or soon if it runs."""
        return _read(Job, self._request("POST", f"/jobs/{job_id}/cancel"))

    def retry(self, job_id: int) -> Job:
        """Run a failed or cancelled job again."""
        return _read(Job, self._request("POST", f"/jobs/{job_id}/retry"))

    def logs(self, job_id: int, *, attempt: int | None = None) -> str:
        """Return the log of a job's newest (or the given) attempt."""
        return self._send("GET", f"/jobs/{job_id}/logs", params={"attempt": attempt}).text

    def explain(self, job_id: int) -> dict[str, Any]:
        """Return why a job is where it is."""
        return _read(dict[str, Any], self._request("GET", f"/jobs/{job_id}/explain"))

    def events(
        self, job_id: int | None = None, *, after: str | None = None, timeout_s: float | None = None
    ) -> Iterator[Event]:
        """Yield the events of a job (until its end), or of all own jobs (for ever), past lost connections.

        `after` is the cursor of the last event already seen. Ends silently after `timeout_s`.
        """
        path = f"{API}/ws/jobs" + (f"/{job_id}" if job_id is not None else "")
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        address = self.url.replace("http", "ws", 1) + path
        return stream_events(
            address,
            headers={key: self._http.headers[key] for key in _IDENTITY if key in self._http.headers},
            after=after,
            deadline=deadline,
            ends_with_result=job_id is not None,
        )

    # Operation.

    def list_workers(self) -> Page[Worker]:
        """List the live workers."""
        return _read(Page[Worker], self._request("GET", "/workers"))

    def _request(self, method: str, path: str, **options: Any) -> Any:
        response = self._send(method, path, **options)
        try:
            return response.json() if response.content else None
        except (ValueError, RecursionError) as error:
            kind = response.headers.get("Content-Type", "an answer of no type")
            raise AnswerUnreadable(
                f"{self.url} answered with {kind} that is not JSON; is that the operation server?"
            ) from error

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        if "params" in options:
            options["params"] = {k: v for k, v in options["params"].items() if v is not None}
        if "json" in options:
            options["content"] = write_json(options.pop("json"))
            options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        try:
            request = self._http.build_request(method, API + path, **options)
        except (TypeError, ValueError, RecursionError, httpx.InvalidURL) as error:
            raise RequestUnfit(f"The request cannot be written: {error}.") from error
        try:
            response = self._http.send(request)
        except httpx.DecodingError as error:
            raise AnswerUnreadable(f"The answer of {self.url} cannot be unpacked: {error}.") from error
        except httpx.TransportError as error:
            raise ServerUnreachable(
                f"No operation server answers at {self.url} ({error or type(error).__name__})."
            ) from error
        if response.is_error:
            raise error_of(response)
        if response.is_redirect:
            raise AnswerUnreadable(
                f"{self.url} sends its callers on to {response.headers.get('Location')}; use that address."
            )
        return response


def _check(value: Any) -> None:
    """Refuse what no server would take."""
    try:
        written = write_json(value)
        parse_json(written)
    except (JSONRefused, RecursionError) as error:
        raise RequestUnfit(f"The request cannot be written: {error}.") from error


_IDENTITY = ("Authorization", "X-API-Key")


def _header(secret: str) -> str:
    # Checked here, because the error of whoever writes the header would show it.
    if not (secret.isascii() and secret.isprintable()):
        raise RequestUnfit("The token or API key holds characters that no header takes, a line end perhaps.")
    return secret


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(kind: type[Answer], document: Any) -> Answer:
    """Return an answer as what it should be."""
    try:
        answer: Answer = _adapter(cast("Any", kind)).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "its answer"
        raise AnswerUnreadable(
            f"The server answered what this client does not understand ({where}: {first['msg']}); "
            "is one of them too old?"
        ) from error
    return answer
