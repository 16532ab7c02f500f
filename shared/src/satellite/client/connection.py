"""What both clients know of their server: its address, who asks, how to write requests and judge answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from satellite.client.answer_cache import AnswerCache
from satellite.client.breaker import CircuitBreaker
from satellite.client.calls import Request
from satellite.client.errors import AnswerUnreadable, RequestUnfit, ServerUnreachable, error_of
from satellite.client.login import KeptLogin
from satellite.contracts.json_text import write_json

REQUEST_TIMEOUT_S = 30
RETRY_FOR_S = 15
"""As long as a server takes to be replaced by another one."""


class Connection:
    """The part of a client that sends nothing itself."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        api_key: str | None = None,
        login: KeptLogin | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
        retry_for_s: float = RETRY_FOR_S,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """Connect to nothing yet; a `login` that is kept elsewhere is used, and renewed when it has to be.

        What passes by itself (no connection, a limit, a server that is about to stop) is asked again for
        `retry_for_s`, where asking twice has the effect of asking once; 0 for not at all. The
        `breaker` says when a server is left alone; clients of one server may share it.
        """
        self.url = url.rstrip("/")
        self._retry_for_s = retry_for_s
        self._timeout_s = timeout_s
        self._login = login
        self._breaker = breaker or CircuitBreaker()
        self._answers = AnswerCache()
        self._identity: dict[str, str] = {}
        kept = login.read() if login is not None else None
        self.token = kept.access if kept is not None else token
        if api_key is not None:
            self._identity["X-API-Key"] = _header(api_key)
        try:
            self._open()
        except httpx.InvalidURL as error:
            raise RequestUnfit(f"{self.url} is no address: {error}.") from error

    def _open(self) -> None:
        """Make what sends; connect to nothing yet."""
        raise NotImplementedError

    @property
    def token(self) -> str | None:
        """The access token sent with each request."""
        return self._token

    @token.setter
    def token(self, token: str | None) -> None:
        self._token = token
        if token is None:
            self._identity.pop("Authorization", None)
        else:
            self._identity["Authorization"] = f"Bearer {_header(token)}"

    def _repeated_for_s(self, request: Request) -> float:
        return self._retry_for_s if request.retry_for_s is None else request.retry_for_s

    def _build(self, http: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
        """Return a request as it is sent.

        Raises:
            RequestUnfit: it cannot be written.
        """
        headers = {**self._identity, **request.headers}
        options: dict[str, Any] = {} if request.timeout is None else {"timeout": request.timeout}
        params = {name: value for name, value in request.params.items() if value is not None}
        try:
            content: str | bytes | None = request.content
            if request.body is not None:
                content = write_json(request.body)
                headers["Content-Type"] = "application/json"
            return http.build_request(
                request.method,
                request.path,
                params=params or None,
                content=content,
                headers=headers,
                **options,
            )
        except (TypeError, ValueError, RecursionError, httpx.InvalidURL) as error:
            raise RequestUnfit(f"The request cannot be written: {error}.") from error

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say what went wrong on the way in the client's own errors."""
        try:
            yield
        except httpx.DecodingError as error:
            raise AnswerUnreadable(f"The answer of {self.url} cannot be unpacked: {error}.") from error
        except httpx.TransportError as error:
            raise ServerUnreachable(
                f"No operation server answers at {self.url} ({error or type(error).__name__})."
            ) from error

    def _judged(self, response: httpx.Response) -> httpx.Response:
        """Return an answer that is one.

        Raises:
            APIError: the server refuses.
            AnswerUnreadable: it sends its callers elsewhere.
        """
        if response.is_error:
            raise error_of(response)
        if response.is_redirect:
            raise AnswerUnreadable(
                f"{self.url} sends its callers on to {response.headers.get('Location')}; use that address."
            )
        return response


def _header(secret: str) -> str:
    # Checked here, because the error of whoever writes the header would show it.
    if not (secret.isascii() and secret.isprintable()):
        raise RequestUnfit("The token or API key holds characters that no header takes, a line end perhaps.")
    return secret
