"""Requests to the API, signed by the token that it shares with workers."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from satellite.contracts.run_secrets import SIGNATURE_HEADER, sign

TIMEOUT_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024


class APIUnavailable(Exception):
    """The API does not answer, or not now."""


class APIRefused(Exception):
    """The API refuses; `code` is for programs, the message for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class OperationAPI:
    """Asks the API; each request has a connection of its own. Safe to use from any thread."""

    def __init__(self, url: str, token: SecretStr, *, ca_file: Path | None = None) -> None:
        """Connect to nothing yet; `ca_file` has the authorities of TLS, where they are not the machine's."""
        self._address = urlsplit(url)
        self._token = token
        self._ca_file = ca_file

    @property
    def token(self) -> str:
        """Return the token that it shares with the API."""
        return self._token.get_secret_value()

    def post(self, path: str, body: bytes) -> bytes:
        """Return the body of the answer to a JSON body.

        Raises:
            APIRefused: the API refuses, and would again.
            APIUnavailable: it does not answer, or says that it cannot now.
        """
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: sign(self.token, "POST", path, body)}
        connection = self._connection()
        try:
            connection.request("POST", self._address.path.rstrip("/") + path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise APIUnavailable(f"{self._address.netloc} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise problem_of(answer.status, content)
        return content

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "https":
            context = ssl.create_default_context(cafile=self._ca_file)
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)


def problem_of(status: int, content: bytes) -> APIRefused | APIUnavailable:
    """Return the error that a refusal means."""
    try:
        problem = json.loads(content)
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "", f"the answer was HTTP {status}"
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or status == http.HTTPStatus.TOO_MANY_REQUESTS:
        return APIUnavailable(detail)
    return APIRefused(code, detail)
