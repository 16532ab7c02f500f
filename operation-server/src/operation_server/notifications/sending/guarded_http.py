"""Posts to addresses that users have named, and to no other machine than these may lead to."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpcore

from operation_server.notifications.sending.backoff import retry_after_s
from operation_server.notifications.sending.outcome import SAID_MAX, Fate, Outcome, failed
from operation_server.webhooks.addresses import AddressPolicy
from operation_server.webhooks.errors import WebhookRefused
from operation_server.webhooks.resolution import NameUnknown, find_addresses
from operation_server.webhooks.target import Target, parse_target

KEPT_OPEN_S: Final = 15.0
KEPT_OPEN_MAX: Final = 64
GONE: Final = 410


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to an address that was checked, and by that address: the name is not looked up again."""

    def __init__(self, policy: AddressPolicy, *, is_plain: bool) -> None:
        self._policy = policy
        self._is_plain = is_plain
        self._network: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's.
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Raises:
            WebhookRefused: nothing may be sent to one of its addresses.
            ConnectError, ConnectTimeout: none answers.
        """
        scheme = "http" if self._is_plain else "https"
        shown = f"[{host}]" if ":" in host else host
        target = parse_target(f"{scheme}://{shown}:{port}/")
        last: Exception | None = None
        for address in await find_addresses(self._policy, target):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError(f"{host} has no address")


class GuardedHttp:
    """One pool of connections for https, one for http; neither follows redirects nor asks a proxy."""

    def __init__(self, policy: AddressPolicy, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        context = httpcore.default_ssl_context()
        # Beside the authorities that come with the program those of the machine, and of SSL_CERT_FILE.
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        self._pools = {
            is_plain: httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_connections=None,
                max_keepalive_connections=KEPT_OPEN_MAX,
                keepalive_expiry=KEPT_OPEN_S,
                network_backend=GuardedBackend(policy, is_plain=is_plain),
            )
            for is_plain in (True, False)
        }

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post JSON, and return what came of it; never longer than the time-out, and nothing is raised."""
        began = time.monotonic()
        try:
            target = parse_target(url)
            async with asyncio.timeout(self._timeout_s):
                outcome = await self._post(target, body, headers)
        except NameUnknown as error:
            outcome = failed(str(error))
        except WebhookRefused as error:
            outcome = failed(f"Refused: {error}", fate=Fate.REFUSED)
        except TimeoutError:
            outcome = failed(f"No whole answer within {self._timeout_s:g} s.")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            outcome = failed(f"{type(error).__name__}: {error}")
        except httpcore.UnsupportedProtocol as error:
            outcome = failed(str(error), fate=Fate.REFUSED)
        return Outcome(
            fate=outcome.fate,
            status=outcome.status,
            said=outcome.said,
            again_after_s=outcome.again_after_s,
            ms=round((time.monotonic() - began) * 1_000),
        )

    async def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Outcome:
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "User-Agent": "Satellite",
            **headers,
        }
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        pool = self._pools[target.is_plain]
        async with pool.stream(
            "POST",
            url,
            headers=[(name.encode(), value.encode()) for name, value in sent.items()],
            content=body,
            extensions={"timeout": timeouts},
        ) as response:
            said = await _beginning(response)
        answered = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        return Outcome(
            fate=_fate(response.status),
            status=response.status,
            said=said,
            again_after_s=retry_after_s(answered.get("retry-after")),
        )


async def _beginning(response: httpcore.Response) -> str:
    """Read so much of an answer as is kept; the connection of a longer one is closed."""
    read = bytearray()
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) >= SAID_MAX:
            break
    return bytes(read[:SAID_MAX]).decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _fate(status: int) -> Fate:
    if 200 <= status < 300:
        return Fate.DELIVERED
    return Fate.GONE if status == GONE else Fate.RETRY
