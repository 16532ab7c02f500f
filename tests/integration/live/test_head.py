"""HEAD on a real API process: the head of what GET answers, and nothing behind it."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.live.conftest import submit

VARYING = {"date", "x-request-id", "transfer-encoding", "ratelimit", "ratelimit-remaining", "ratelimit-reset"}


@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/", "/dashboard", "/dashboard/docs.js", "/docs", "/openapi.json"]
)
def test_open_pages(api_url: str, path: str) -> None:
    # The description is made when it is first asked for, which takes seconds of a processor.
    head, get = httpx.head(api_url + path, timeout=120), httpx.get(api_url + path, timeout=120)

    assert head.status_code == get.status_code < 400
    assert not head.content
    assert shown(head) == shown(get)


def test_metrics(admin: httpx.Client, api_url: str) -> None:
    answer = admin.head(f"{api_url}/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")


def test_resources(user: httpx.Client, api_url: str) -> None:
    job_id = submit(user)

    for path in (f"/jobs/{job_id}", "/jobs", "/plugins/adder", "/users/me"):
        head, get = user.head(path), user.get(path)
        assert head.status_code == 200, path
        assert not head.content
        assert shown(head) == shown(get)
    assert user.head("/jobs/999").status_code == 404
    assert user.head("/auth/token").status_code == 405
    assert httpx.head(f"{api_url}/api/v1/jobs").status_code == 401


def test_streams_end_with_their_head(user: httpx.Client) -> None:
    with user.stream("HEAD", "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.read() == b""
    # The connection is free for the next request.
    assert user.get("/users/me").status_code == 200


def shown(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in VARYING}
