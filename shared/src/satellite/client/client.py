"""The synchronous client of the operation server's API."""

from __future__ import annotations

import mimetypes
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from satellite.client.errors import (
    AnswerUnreadable,
    ClientError,
    Conflict,
    NotAuthenticated,
    RequestUnfit,
    ServerUnreachable,
    TransferCorrupted,
    WaitTimedOut,
    error_of,
)
from satellite.client.events import stream_events
from satellite.client.files import receive_file, send_file
from satellite.client.login import KeptLogin, LoginInMemory, Tokens
from satellite.client.mapping import AT_ONCE, map_jobs
from satellite.client.model_calls import ModelCalls
from satellite.client.models import (
    ApiKey,
    Artifact,
    Grant,
    Job,
    Page,
    Plugin,
    StoredFile,
    StoredSecret,
    User,
    Worker,
)
from satellite.client.reading import check_request as _check
from satellite.client.reading import read_answer as _read
from satellite.client.retrying import keyed, passes, retrying
from satellite.contracts.attempt_files import is_artifact_name
from satellite.contracts.event import Event
from satellite.contracts.json_text import parse_json, write_json
from satellite.contracts.requires import Requires

API = "/api/v1"
REQUEST_TIMEOUT_S = 30
RESTART_TIMEOUT_S = 30
RETRY_FOR_S = 15
"""As long as a server takes to be replaced by another one."""
POLL_S = 0.1
SERVER_WAIT_S = 20
"""The longest one request waits for a job to end; shorter than what proxies cut off."""


class SatelliteClient(ModelCalls):
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
        login: KeptLogin | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
        retry_for_s: float = RETRY_FOR_S,
    ) -> None:
        """Connect to nothing yet; a `login` that is kept elsewhere is used, and renewed when it has to be.

        What passes by itself (no connection, a limit, a server that is about to stop) is asked again for
        `retry_for_s`, where asking twice has the effect of asking once; 0 for not at all.
        """
        self._retry_for_s = retry_for_s
        self.url = url.rstrip("/")
        try:
            self._http = httpx.Client(base_url=self.url, timeout=timeout_s)
        except httpx.InvalidURL as error:
            raise RequestUnfit(f"{self.url} is no address: {error}.") from error
        self._login = login
        kept = login.read() if login is not None else None
        self.token = kept.access if kept is not None else token
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
        """Log in by an address and a password, use that login from now on, and return its tokens.

        It renews itself for as long as the server lets it.
        """
        body = {"username": username, "password": password}
        grant = _read(Grant, self._request("POST", "/auth/token", json=body))
        self._login = LoginInMemory(Tokens(access=grant.access_token, refresh=grant.refresh_token))
        self.token = grant.access_token
        return grant

    def logout(self) -> None:
        """End the login, if there is one, for all who use it."""
        kept = None if self._login is None else self._login.read()
        self._login = self.token = None
        if kept is not None and kept.refresh is not None:
            self._request("POST", "/auth/logout", json={"refresh_token": kept.refresh})

    def me(self) -> dict[str, Any]:
        """Return the account that the token belongs to."""
        return _read(dict[str, Any], self._request("GET", "/users/me"))

    def is_ready(self) -> bool:
        """Tell whether the server takes jobs."""
        try:
            return self._http.get("/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    # Accounts and API keys.

    def list_users(self, *, skip: int = 0, limit: int = 100) -> Page[User]:
        """List the accounts; for admins."""
        return _read(Page[User], self._request("GET", "/users", params={"skip": skip, "limit": limit}))

    def create_user(
        self, email: str, password: str, *, full_name: str | None = None, role: str | None = None
    ) -> User:
        """Open an account."""
        body = {"email": email, "password": password, "full_name": full_name, "role": role}
        return _read(
            User, self._request("POST", "/users", json={k: v for k, v in body.items() if v is not None})
        )

    def change_user(self, user_id: int, **changes: Any) -> User:
        """Change an account's `email`, `full_name`, `role`, `is_active` or `max_running`; for admins."""
        return _read(User, self._request("PATCH", f"/users/{user_id}", json=changes))

    def reset_password(self, user_id: int, password: str) -> None:
        """Set the password of an account, whose logins end; for admins."""
        self._request("PUT", f"/users/{user_id}/password", json={"password": password})

    def create_key(
        self,
        name: str,
        *,
        permissions: Sequence[str] | None = None,
        plugins: Sequence[str] | None = None,
        expires_in_s: int | None = None,
        requests_per_minute: int | None = None,
    ) -> ApiKey:
        """Make an API key of one's own; its `key` is in this answer only."""
        body = {
            "name": name,
            "permissions": permissions,
            "plugins": plugins,
            "expires_in_s": expires_in_s,
            "requests_per_minute": requests_per_minute,
        }
        return _read(
            ApiKey, self._request("POST", "/api-keys", json={k: v for k, v in body.items() if v is not None})
        )

    def list_keys(self, *, skip: int = 0, limit: int = 100) -> Page[ApiKey]:
        """List one's API keys, for admins everybody's."""
        return _read(Page[ApiKey], self._request("GET", "/api-keys", params={"skip": skip, "limit": limit}))

    def revoke_key(self, key_id: int) -> None:
        """Revoke an API key; safe to repeat."""
        self._request("DELETE", f"/api-keys/{key_id}")

    # Secrets.

    def create_secret(
        self, name: str, value: str, *, for_all: bool = False, plugins: Sequence[str] = ()
    ) -> StoredSecret:
        """Store a secret for jobs of some plugins; `for_all` users' jobs for admins only."""
        body = {"name": name, "value": value, "for_all": for_all, "plugins": list(plugins)}
        _check(body)
        return _read(StoredSecret, self._request("POST", "/secrets", json=body))

    def replace_secret(self, secret_id: str, value: str) -> StoredSecret:
        """Put another value in place of a secret's."""
        _check(value)
        return _read(StoredSecret, self._request("PUT", f"/secrets/{secret_id}/value", json={"value": value}))

    def list_secrets(self, *, skip: int = 0, limit: int = 100) -> Page[StoredSecret]:
        """List the secrets that one's jobs may be given, for admins everybody's; no value is told."""
        query = {"skip": skip, "limit": limit}
        return _read(Page[StoredSecret], self._request("GET", "/secrets", params=query))

    def delete_secret(self, secret_id: str) -> None:
        """Delete a secret."""
        self._request("DELETE", f"/secrets/{secret_id}")

    def grant_secret(self, secret_id: str, plugin_name: str) -> None:
        """Let jobs of a plugin have a secret; safe to repeat."""
        self._request("PUT", f"/secrets/{secret_id}/plugins/{plugin_name}")

    def revoke_secret(self, secret_id: str, plugin_name: str) -> None:
        """Let jobs of a plugin have a secret no more; safe to repeat."""
        self._request("DELETE", f"/secrets/{secret_id}/plugins/{plugin_name}")

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

    def list_plugin_versions(self, name: str) -> Page[Plugin]:
        """List the versions of a plugin, newest first."""
        return _read(Page[Plugin], self._request("GET", f"/plugins/{name}/versions"))

    def pause_plugin(self, name: str) -> Plugin:
        """Let jobs of a plugin wait, those that run go on; safe to repeat."""
        return _read(Plugin, self._request("POST", f"/plugins/{name}/pause"))

    def resume_plugin(self, name: str) -> Plugin:
        """Let jobs of a plugin run again; safe to repeat."""
        return _read(Plugin, self._request("POST", f"/plugins/{name}/resume"))

    # Jobs.

    def submit(
        self,
        plugin_name: str,
        input_data: Any,
        *,
        version: str | None = None,
        priority: int | None = None,
        timeout_s: float | None = None,
        retry: Mapping[str, Any] | None = None,
        requires: Requires | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Submit a job; with an idempotency key of yours, repeating the call returns the first job.

        What `retry` states overrides the `retry` of the plugin's manifest for this job.
        """
        wanted = {
            "plugin_version": version,
            "priority": priority,
            "timeout_s": timeout_s,
            "retry": retry,
            "requires": requires and requires.model_dump(mode="json"),
        }
        _check(input_data)
        body = {"plugin_name": plugin_name, "input_data": input_data}
        body |= {key: value for key, value in wanted.items() if value is not None}
        job = self._request("POST", "/jobs", json=body, headers=keyed(idempotency_key))
        # A server that has stored a job and fails to show it names it at least.
        return _read(Job, job) if "created_at" in job else self.get_job(job["id"])

    def map(
        self,
        plugin_name: str,
        inputs: Iterable[Any],
        *,
        at_once: int = AT_ONCE,
        timeout_s: float | None = None,
        progress: Callable[[int], None] | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> Iterator[Job]:
        """Run a plugin on each input, and yield the finished jobs in the order of these, however they ended.

        Up to `at_once` jobs are under way; inputs are taken as there is room: there may be any number. With
        an idempotency key, repeating the call returns the jobs of before. `progress` is told how many have
        finished; the other options are those of `submit`.

        Raises:
            WaitTimedOut: they have not all finished within `timeout_s`.
        """

        def submit(number: int, value: Any) -> Job:
            key = idempotency_key and f"{idempotency_key}:{number}"
            return self.submit(plugin_name, value, idempotency_key=key, **options)

        return map_jobs(
            inputs,
            submit=submit,
            wait=lambda job_id, left_s: self.wait(job_id, timeout_s=left_s),
            at_once=at_once,
            timeout_s=timeout_s,
            progress=progress,
        )

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
                asked = self._request("GET", f"/jobs/{job_id}", headers=headers, retry_for_s=0)
                job = _read(Job, asked)
                last_answer = time.monotonic()
            except ClientError as error:
                # A server that restarts is worth waiting for, one that is gone is not.
                if not passes(error) or time.monotonic() - last_answer > RESTART_TIMEOUT_S:
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

    def result(self, job_id: int) -> Any:
        """Return the result of a job, also one that is too large for an answer; None before it has completed.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
        """
        job = self.get_job(job_id)
        if job.result_artifact is None:
            return job.result
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.json"
            self.download_file(job.result_artifact["file_id"], path)
            return parse_json(path.read_bytes(), bytes_max=None)

    def artifacts(self, job_id: int) -> list[Artifact]:
        """Return the files that a job has written, by name; none before it has completed."""
        return _read(Page[Artifact], self._request("GET", f"/jobs/{job_id}/artifacts")).items

    def download_artifacts(self, job_id: int, folder: Path) -> list[Path]:
        """Write the files that a job has written below a folder, each whole or not at all; return where.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
            RequestUnfit: the server tells a name that leads out of the folder.
        """
        written = []
        for artifact in self.artifacts(job_id):
            if not is_artifact_name(artifact.name):
                raise RequestUnfit(f"{artifact.name!r} is no name of an artifact.")
            target = folder / artifact.name
            target.parent.mkdir(parents=True, exist_ok=True)
            self.download_file(artifact.file_id, target)
            written.append(target)
        return written

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
        is_renewed = False
        while True:
            refused, seen = self.token, after
            try:
                for event in stream_events(
                    address,
                    headers={key: self._http.headers[key] for key in _IDENTITY if key in self._http.headers},
                    after=after,
                    deadline=deadline,
                    ends_with_result=job_id is not None,
                ):
                    after = event.cursor
                    yield event
            except NotAuthenticated:
                # Streams end with the right of what was shown; a login that goes on goes on with its streams.
                if (is_renewed and after == seen) or not self._renew(refused):
                    raise
                is_renewed = True
            else:
                return

    # Files.

    def upload_file(
        self, path: Path, *, name: str | None = None, media_type: str | None = None
    ) -> StoredFile:
        """Store a file of this machine; it goes on where it broke off, and its digest is compared.

        Raises:
            TransferCorrupted: what arrived is not what is on this machine; nothing of it is kept.
        """
        name = path.name if name is None else name
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with path.open("rb") as source:
            file_id, sha256 = send_file(self._send, source, name=name, media_type=media_type or guessed)
        file = self.get_file(file_id)
        if file.sha256 != sha256:
            self.delete_file(file_id)
            raise TransferCorrupted(f"What arrived of {path} is not what is there; did it change meanwhile?")
        return file

    def download_file(self, file_id: str, path: Path) -> StoredFile:
        """Write a stored file to `path`, whole or not at all, and return what is known of it.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
        """
        file = self.get_file(file_id)
        receive_file(self._stream, file, path)
        return file

    def get_file(self, file_id: str) -> StoredFile:
        """Return what is known of a stored file."""
        return _read(StoredFile, self._request("GET", f"/files/{file_id}/metadata"))

    def list_files(self, *, skip: int = 0, limit: int = 50) -> Page[StoredFile]:
        """List the stored files, newest first."""
        return _read(Page[StoredFile], self._request("GET", "/files", params={"skip": skip, "limit": limit}))

    def delete_file(self, file_id: str) -> None:
        """Delete a stored file."""
        self._send("DELETE", f"/files/{file_id}")

    # Operation.

    def list_workers(self) -> Page[Worker]:
        """List the live workers."""
        return _read(Page[Worker], self._request("GET", "/workers"))

    def _request(self, method: str, path: str, *, retry_for_s: float | None = None, **options: Any) -> Any:
        for_s = self._retry_for_s if retry_for_s is None else retry_for_s
        response = retrying(method, options.get("headers", {}), for_s=for_s)(
            self._send, method, path, **options
        )
        try:
            return response.json() if response.content else None
        except (ValueError, RecursionError) as error:
            kind = response.headers.get("Content-Type", "an answer of no type")
            raise AnswerUnreadable(
                f"{self.url} answered with {kind} that is not JSON; is that the operation server?"
            ) from error

    @contextmanager
    def _stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """Yield an answer whose body is read by whoever takes it."""
        response = self._send(method, path, stream=True, **options)
        try:
            yield response
        finally:
            response.close()

    def _renew(self, refused: str | None) -> bool:
        """Exchange an access token that was refused, and tell whether there is another now.

        Whoever comes second finds the tokens of the first.
        """
        if self._login is None:
            return False
        with self._login.held():
            kept = self._login.read()
            if kept is not None and kept.access == refused:
                kept = self._refresh(kept.refresh)
                if kept is not None:
                    self._login.write(kept)
        if kept is None:
            return False
        self.token = kept.access
        return True

    def _refresh(self, token: str | None) -> Tokens | None:
        if token is None:
            return None
        try:
            answer = self._request("POST", "/auth/refresh", json={"refresh_token": token}, is_renewing=True)
        except (NotAuthenticated, Conflict):
            return None
        grant = _read(Grant, answer)
        return Tokens(access=grant.access_token, refresh=grant.refresh_token)

    def _send(
        self,
        method: str,
        path: str,
        *,
        stream: bool = False,
        is_renewing: bool = False,
        **options: Any,
    ) -> httpx.Response:
        refused = self.token
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
            response = self._http.send(request, stream=stream)
            if stream and not response.is_success:
                response.read()
        except httpx.DecodingError as error:
            raise AnswerUnreadable(f"The answer of {self.url} cannot be unpacked: {error}.") from error
        except httpx.TransportError as error:
            raise ServerUnreachable(
                f"No operation server answers at {self.url} ({error or type(error).__name__})."
            ) from error
        if response.status_code == httpx.codes.UNAUTHORIZED and not is_renewing and self._renew(refused):
            return self._send(method, path, stream=stream, is_renewing=True, **options)
        if response.is_error:
            raise error_of(response)
        if response.is_redirect:
            raise AnswerUnreadable(
                f"{self.url} sends its callers on to {response.headers.get('Location')}; use that address."
            )
        return response


_IDENTITY = ("Authorization", "X-API-Key")


def _header(secret: str) -> str:
    # Checked here, because the error of whoever writes the header would show it.
    if not (secret.isascii() and secret.isprintable()):
        raise RequestUnfit("The token or API key holds characters that no header takes, a line end perhaps.")
    return secret
