"""A job's own retry policy, and what its plugin's author has the last word about."""

from __future__ import annotations

from typing import Any

import pytest

from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.submission.retry import own_retry, unfit_retry
from operation_server.jobs.transitions.policy import allowed_retry
from satellite.contracts.plugin_manifest import RetryPolicy

PLUGIN = RetryPolicy(max_retries=2, delay_s=5, kinds=["exit", "oom"])


def request(retry: dict[str, Any] | None, **fields: Any) -> JobCreate:
    return JobCreate.model_validate({"plugin_name": "adder", "input_data": {}, "retry": retry} | fields)


def test_what_is_stated_overrides_and_the_rest_is_the_plugins() -> None:
    own = own_retry(request({"delay_s": 0, "kinds": ["oom"]}), PLUGIN)
    assert own == PLUGIN.model_copy(update={"delay_s": 0, "kinds": ["oom"]})
    assert own_retry(request({"kinds": None, "max_retries": 0}), PLUGIN) == PLUGIN.model_copy(
        update={"max_retries": 0}
    )
    assert own_retry(request({}, max_retries=1), PLUGIN) == PLUGIN.model_copy(update={"max_retries": 1})
    assert own_retry(request(None, max_retries=1), PLUGIN) is None


@pytest.mark.parametrize(
    ("asked", "pointer", "words"),
    [
        (request({"max_retries": 3}), "/retry/max_retries", "is 3; the plugin allows at most 2"),
        (request({"max_retries": 1}, max_retries=1), "/retry/max_retries", "stated twice"),
        (request({"kinds": ["exit", "lost"]}), "/retry/kinds/1", "'lost' is not retried by the plugin"),
    ],
)
def test_what_the_plugin_does_not_allow_is_refused(asked: JobCreate, pointer: str, words: str) -> None:
    [violation] = unfit_retry(asked, PLUGIN)
    assert violation.pointer == pointer
    assert words in violation.message


def test_a_kind_that_no_error_has_is_refused() -> None:
    [violation] = unfit_retry(request({"kinds": ["exit", "weather"]}), RetryPolicy())
    assert violation.pointer == "/retry/kinds/1"
    assert "'weather' is not an error kind" in violation.message


@pytest.mark.parametrize("asked", [None, {}, {"delay_s": 86_400}, {"kinds": []}, {"kinds": ["exit"]}])
def test_what_the_plugin_allows_is_taken(asked: dict[str, Any] | None) -> None:
    assert unfit_retry(request(asked), PLUGIN) == []


@pytest.mark.parametrize(
    ("own", "plugin", "kinds"),
    [
        (None, PLUGIN, PLUGIN.kinds),
        (RetryPolicy(kinds=["lost", "exit"]), PLUGIN, ["exit"]),
        (RetryPolicy(), PLUGIN, PLUGIN.kinds),
        (RetryPolicy(kinds=["lost"]), RetryPolicy(), ["lost"]),
        (RetryPolicy(kinds=["lost"]), None, ["lost"]),
    ],
)
def test_a_version_that_came_later_has_the_last_word_about_kinds(
    own: RetryPolicy | None, plugin: RetryPolicy | None, kinds: list[str] | None
) -> None:
    allowed = allowed_retry(own, plugin)
    assert allowed is not None
    assert allowed.kinds == kinds
