"""How API keys are written."""

from __future__ import annotations

import pytest

from operation_server.accounts.keys.key_text import parse_key, write_key
from operation_server.accounts.random_secret import new_secret


def test_a_key_is_read_as_it_was_written() -> None:
    for key_id in (1, 42, 10**17):
        secret = new_secret()
        text = write_key(key_id, secret)

        assert text.startswith(f"sat_{key_id}_{secret}")
        assert parse_key(text) == (key_id, secret)


@pytest.mark.parametrize(
    "damage", [lambda key: key[:-1], lambda key: key + "0", lambda key: key[:20] + "A" + key[21:]]
)
def test_what_was_cut_or_changed_is_none(damage: object) -> None:
    assert callable(damage)
    assert parse_key(damage(write_key(7, "b" * 43))) is None


@pytest.mark.parametrize(
    "text", ["", "sat_", "sat_0_" + "b" * 43 + "00000000", "key", "sat_7_\u00e4" + "b" * 50]
)
def test_what_is_none_is_none(text: str) -> None:
    assert parse_key(text) is None
