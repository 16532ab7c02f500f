"""What is stored of a secret opens only where it belongs, by the keys that were given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from operation_server.secrets.envelope import Envelope, Identity, close, open_value, rewrap
from operation_server.secrets.errors import SecretDamaged, SecretKeyMissing, SecretsNotSetUp
from operation_server.secrets.key_ring import KeyRing, key_id_of

OLD, NEW = (
    SecretStr("the first key-encryption key, of long ago"),
    SecretStr("another key-encryption key of today"),
)
IDENTITY = Identity("0b4f", 7, "TOKEN", 3)


@given(some.text())
def test_a_value_comes_back_and_is_not_seen(value: str) -> None:
    ring = KeyRing(OLD)
    envelope = close(ring, IDENTITY, value)

    assert open_value(ring, IDENTITY, envelope) == value
    assert len(value.encode()) < 4 or value.encode() not in b"".join(envelope[1:])


def test_equal_values_look_different() -> None:
    ring = KeyRing(OLD)
    assert close(ring, IDENTITY, "the same").ciphertext != close(ring, IDENTITY, "the same").ciphertext


@pytest.mark.parametrize(
    "other",
    [
        IDENTITY._replace(id="0b4e"),
        IDENTITY._replace(owner_id=8),
        IDENTITY._replace(owner_id=None),
        IDENTITY._replace(name="PASSWORD"),
        IDENTITY._replace(version=4),
    ],
)
def test_it_is_of_no_use_elsewhere(other: Identity) -> None:
    ring = KeyRing(OLD)
    envelope = close(ring, IDENTITY, "kept to itself")

    with pytest.raises(SecretDamaged):
        open_value(ring, other, envelope)


@pytest.mark.parametrize("part", ["wrapped_key", "ciphertext"])
@pytest.mark.parametrize("at", [0, 11, 12, -1])
def test_a_changed_row_opens_nothing(part: str, at: int) -> None:
    ring = KeyRing(OLD)
    envelope = close(ring, IDENTITY, "kept to itself")
    changed = bytearray(getattr(envelope, part))
    changed[at] ^= 1

    with pytest.raises(SecretDamaged):
        open_value(ring, IDENTITY, envelope._replace(**{part: bytes(changed)}))
    with pytest.raises(SecretDamaged):
        open_value(ring, IDENTITY, envelope._replace(**{part: b""}))


def test_a_row_that_names_another_key_opens_nothing() -> None:
    envelope = close(KeyRing(OLD), IDENTITY, "kept to itself")

    with pytest.raises(SecretDamaged):
        open_value(KeyRing(NEW, previous=[OLD]), IDENTITY, envelope._replace(key_id=key_id_of(NEW)))


def test_rewrapped_it_needs_the_new_key_alone() -> None:
    before = close(KeyRing(OLD), IDENTITY, "kept to itself")
    after = rewrap(KeyRing(NEW, previous=[OLD]), IDENTITY, before)

    assert (after.key_id, after.ciphertext) == (key_id_of(NEW), before.ciphertext)
    assert open_value(KeyRing(NEW), IDENTITY, after) == "kept to itself"
    with pytest.raises(SecretKeyMissing, match=before.key_id):
        open_value(KeyRing(NEW), IDENTITY, before)


def test_without_a_key_nothing_is_stored() -> None:
    with pytest.raises(SecretsNotSetUp):
        close(KeyRing(None), IDENTITY, "kept to itself")
    with pytest.raises(SecretKeyMissing):
        open_value(KeyRing(None), IDENTITY, Envelope(key_id_of(OLD), b"", b""))
