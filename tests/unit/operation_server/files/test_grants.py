"""Addresses that are signed for workers."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from operation_server.files.errors import GrantRefused
from operation_server.files.grants import Grants

OLD, NEW = (
    SecretStr("an old secret of more than 32 characters"),
    SecretStr("a new secret of 32 or more characters"),
)
PATH = "/api/v1/attempts/1/1/6f1c0d8e-2f0b-4a51-9d4e-0b7f5c1f3a52/files/a"


def test_it_opens_what_it_was_made_for() -> None:
    Grants(NEW).verify(Grants(NEW).sign("GET", PATH, ttl_s=60), "GET", PATH)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", PATH), ("GET", PATH + "b"), ("GET", PATH.replace("/1/1/", "/1/2/")), ("GET", "")],
)
def test_it_opens_nothing_else(method: str, path: str) -> None:
    with pytest.raises(GrantRefused):
        Grants(NEW).verify(Grants(NEW).sign("GET", PATH, ttl_s=60), method, path)


def test_it_ends() -> None:
    with pytest.raises(GrantRefused):
        Grants(NEW).verify(Grants(NEW).sign("GET", PATH, ttl_s=-2), "GET", PATH)


def test_its_time_cannot_be_changed() -> None:
    key_id, expires_at, signature = Grants(NEW).sign("GET", PATH, ttl_s=60).split(".")
    with pytest.raises(GrantRefused):
        Grants(NEW).verify(f"{key_id}.{int(expires_at) + 1}.{signature}", "GET", PATH)


def test_a_former_secret_holds_while_it_is_named() -> None:
    grant = Grants(OLD).sign("GET", PATH, ttl_s=60)
    Grants(NEW, previous=[OLD]).verify(grant, "GET", PATH)
    with pytest.raises(GrantRefused):
        Grants(NEW).verify(grant, "GET", PATH)


@pytest.mark.parametrize("grant", ["", ".", "..", "a.b.c", "\0", "ü.ü.ü", "a" * 10_000])
def test_nonsense_is_refused(grant: str) -> None:
    key_id = Grants(NEW).sign("GET", PATH, ttl_s=60).partition(".")[0]
    for each in (grant, f"{key_id}.{grant}"):
        with pytest.raises(GrantRefused):
            Grants(NEW).verify(each, "GET", PATH)
