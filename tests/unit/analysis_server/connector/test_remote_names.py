"""Nothing unsafe passes: whatever is tried, what is let through is one plain name of its kind."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis_server.connector.remote import names, requests, setup_requests
from analysis_server.connector.remote.errors import BadRequest

NASTY = st.sampled_from(
    [
        "..",
        "/",
        "\\",
        "\n",
        "\0",
        "-",
        "--",
        "$(id)",
        "`id`",
        ";",
        "'",
        '"',
        "~",
        "@{",
        ".lock",
        "|",
        "\r",
        " ",
        "\ud800",
        "a",
        "1",
        ".",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(NASTY, max_size=8).map("".join))
ANYTHING = st.one_of(
    TEXTS,
    st.none(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(TEXTS),
    st.dictionaries(TEXTS, TEXTS),
)


def passes(check: Any, value: Any) -> bool:
    try:
        check(value)
    except BadRequest:
        return False
    return True


@given(ANYTHING)
@example("1-1-abcdef01\n")
@example("../1-1-abcdef01")
@example("1-1-abcdef0\u0661")
def test_folders(value: Any) -> None:
    assert passes(names.folder_name, value) == (
        isinstance(value, str) and bool(re.fullmatch(r"[0-9]{1,19}-[0-9]{1,9}-[0-9a-f]{8}", value))
    )


@given(ANYTHING)
@example("a/../b")
@example("a\n")
@example("-a")
@example(".satellite/exit.json")
@example("a//b")
def test_paths_stay_below(value: Any) -> None:
    if passes(lambda path: names.relative_path(path, field="path"), value):
        joined = os.path.normpath("/base/job/" + value)
        assert joined == "/base/job/" + value
        assert not joined.startswith("/base/job/.satellite")
        assert not any(part.startswith("-") for part in value.split("/"))
        assert value.isprintable() or not any(
            ord(character) < 32 or ord(character) == 127 for character in value
        )
        value.encode()


@given(ANYTHING)
def test_absolute_paths(value: Any) -> None:
    if passes(lambda path: names.absolute_path(path, field="path"), value):
        assert value.startswith("/")
        assert ".." not in value.split("/")
        assert not any(ord(character) < 32 for character in value)


@given(ANYTHING)
@example("--upload-pack=id")
@example("a..b")
@example("a@{1}")
def test_refs_are_no_switches_and_no_expressions(value: Any) -> None:
    if passes(names.ref, value):
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./+@-]*", value)
        assert ".." not in value
        assert "@{" not in value


@given(ANYTHING)
@example("ext::sh -c id")
@example("-oProxyCommand=id:x")
@example("https://a b")
@example("ssh://-oProxyCommand=id/x")
@example("file:///a/../b")
def test_repositories_are_reached_by_https_ssh_or_a_path(value: Any) -> None:
    if passes(setup_requests.git_url, value):
        assert value.startswith(("https://", "ssh://", "file:///")) or re.match(
            r"[A-Za-z0-9_][\w.-]*@[A-Za-z0-9]", value
        )
        assert not re.search(r"[\s\x00-\x1f]", value) or value.startswith("file://")
        assert "::" not in value.partition("://")[0].partition("@")[0]
        assert not value.partition("://")[2].startswith("-")


@pytest.mark.parametrize(
    "url", ["https://host/a.git", "ssh://git@host:22/a", "git@host:a/b.git", "file:///srv/a"]
)
def test_what_people_use_passes(url: str) -> None:
    assert setup_requests.git_url(url) == url


@given(ANYTHING)
def test_variables(value: Any) -> None:
    if passes(names.variable_name, value):
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value)
        assert not value.startswith("SATELLITE_")


@pytest.mark.parametrize(
    "name", ["JOB_ID", "CUDA_VISIBLE_DEVICES", "SATELLITE_TREE", "A=B", "A\n", "", "1A", "A-B"]
)
def test_variables_of_ours_are_not_given(name: str) -> None:
    assert not passes(names.variable_name, name)


@given(ANYTHING)
@example("--wrap=id")
def test_words_of_launchers_are_no_switches(value: Any) -> None:
    if passes(lambda word: names.word(word, field="word"), value):
        assert not re.search(r"\s", value)
        assert not value.startswith("-")


BODY = {
    "name": "1-1-abcdef01",
    "key": {"job_id": 1, "attempt": 1, "uid": "abcdef01-0000-4000-8000-000000000000"},
    "command": ["true"],
}


def test_the_smallest_submission_passes() -> None:
    assert requests.submission(BODY)["kill_grace_s"] == 3


@given(
    st.sampled_from(
        [*BODY, "launcher", "env", "secrets", "setup", "gpus", "time_limit_s", "allowed_roots", "stdin_path"]
    ),
    ANYTHING,
)
def test_whatever_a_field_holds_it_is_refused_or_passes(field: str, value: Any) -> None:
    """Nothing but a refusal comes of it: another exception would be a broken command."""
    passes(requests.submission, {**BODY, field: value})


@given(ANYTHING)
def test_whatever_comes_it_is_refused(value: Any) -> None:
    assert not passes(requests.submission, value)
