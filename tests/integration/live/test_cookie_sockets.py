"""WebSockets by a browser's cookie: for pages of this server only."""

from __future__ import annotations

import httpx
import pytest
import websockets

from tests.fixtures.api import ADMIN


@pytest.fixture
def cookie(api_url: str) -> str:
    answer = httpx.post(f"{api_url}/api/v1/auth/session", json=ADMIN, timeout=60).raise_for_status()
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    ("origin", "code"), [("own", None), ("https://evil.example", 4403), ("null", 4403), (None, 4403)]
)
async def test_the_page_counts(api_url: str, cookie: str, origin: str | None, code: int | None) -> None:
    headers = {"Cookie": cookie}
    if origin is not None:
        headers["Origin"] = api_url if origin == "own" else origin
    address = f"{api_url.replace('http', 'ws', 1)}/api/v1/ws/jobs"
    async with websockets.connect(address, additional_headers=headers, open_timeout=60) as connection:
        if code is None:
            await connection.ping()
            assert connection.close_code is None
        else:
            await connection.wait_closed()
            assert connection.close_code == code
