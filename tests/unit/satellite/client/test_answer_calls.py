"""Answers of models: asked for once where they may be kept, and by a fallback while the server is away."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from satellite.client import CircuitBreaker, Fallback, JobFailed, RequestUnfit
from satellite.client.answer_cache import AnswerCache, question
from satellite.client.models import Reply
from tests.fixtures.clients import ClientKind
from tests.unit.satellite.client.conftest import Mocked

JOB = {"id": 7, "plugin_name": "p", "plugin_version": "1", "created_at": "2026-11-25T00:00:00Z"}
CV = Fallback("cv", lambda asked: [0 for _ in asked])


class Models:
    """A server of models that answer what they are asked, as version 8."""

    def __init__(self, *, status: str = "completed") -> None:
        self.status = status
        self.is_away = False
        self.asked: list[Any] = []
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.is_away:
            return httpx.Response(503)
        if request.method == "POST":
            self.asked.append(json.loads(request.content))
            name = self.asked[-1]["model_name"].partition("@")[0]
            made = {"job_id": 7, "model_name": name, "model_version": 8, "status": "queued"}
            return httpx.Response(202, json=made)
        return httpx.Response(200, json=JOB | {"status": self.status, "result": self.asked[-1]["data"]})


def test_answers_say_what_made_them(mocked: Mocked) -> None:
    models = Models()
    client = mocked(models)
    reply = client.infer("seg", [1, 2], fallback=CV)
    assert reply == Reply(result=[1, 2], made_by="seg@8", job_id=7)

    models.is_away = True
    assert client.infer("seg", [1, 2], fallback=CV) == Reply(result=[0, 0], made_by="cv", degraded=True)


def test_an_open_breaker_asks_nobody(mocked: Mocked) -> None:
    models = Models()
    models.is_away = True
    client = mocked(models, breaker=CircuitBreaker(failures=1, pause_s=60))
    for _ in range(3):
        assert client.infer("seg", [1], fallback=CV).degraded
    assert models.requests == 1


def test_what_was_answered_is_not_asked_again(mocked: Mocked) -> None:
    models = Models()
    client = mocked(models)

    def ask(data: Any, **options: Any) -> Reply:
        return client.infer("seg@8", data, cache=True, **options)

    first, again = ask({"a": 1, "b": [2]}), ask({"b": [2], "a": 1})
    assert (first.cached, again.cached) == (False, True)
    assert again == first.model_copy(update={"cached": True})
    again.result["a"] = "changed"
    assert ask({"a": 1, "b": [2]}).result == {"a": 1, "b": [2]}
    assert len(models.asked) == 1

    ask({"a": 2, "b": [2]})
    ask({"a": 1, "b": [2]}, config={"steps": 2})
    client.infer("seg@8", {"a": 1, "b": [2]})
    assert len(models.asked) == 4


def test_neither_failures_nor_fallbacks_are_kept(mocked: Mocked) -> None:
    models = Models(status="failed")
    client = mocked(models)
    for _ in range(2):
        with pytest.raises(JobFailed):
            client.infer("seg@8", [1], cache=True, fallback=CV)
    models.is_away = True
    assert client.infer("seg@8", [1], cache=True, fallback=CV).degraded
    models.is_away, models.status = False, "completed"
    assert client.infer("seg@8", [1], cache=True, fallback=CV).made_by == "seg@8"


@pytest.mark.parametrize("name", ["seg", "seg@champion", "seg@"])
def test_only_versions_can_be_kept(mocked: Mocked, name: str) -> None:
    with pytest.raises(RequestUnfit, match="seg@3"):
        mocked(Models()).infer(name, [1], cache=True)


def test_the_answers_asked_for_last_stay() -> None:
    cache = AnswerCache(bytes_max=400)
    replies = {question("m@1", number, None): Reply(result="x" * 90, made_by="m@1") for number in range(3)}
    for key, reply in replies.items():
        cache.keep(key, reply)
    first, *_, last = replies
    assert cache.find(first) is None
    assert cache.find(last) is not None
    cache.keep("huge", Reply(result="x" * 900, made_by="m@1"))
    assert cache.find("huge") is None
    assert cache.find(last) is not None


@pytest.mark.parametrize("kind", [ClientKind.ASYNCHRONOUS])
def test_a_coroutine_function_may_be_the_fallback_in_a_loop(mocked: Mocked) -> None:
    async def by_hand(asked: Any) -> Any:
        return asked[::-1]

    models = Models()
    models.is_away = True
    client = mocked(models)
    assert client.infer("seg", [1, 2], fallback=Fallback("cv", by_hand)).result == [2, 1]
