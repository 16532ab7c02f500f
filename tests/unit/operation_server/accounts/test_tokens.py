"""Access tokens: signed by a key of a known name, in one form only."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jose import jwe, jwt
from pydantic import SecretStr

from operation_server.accounts.errors import TokenRefused
from operation_server.accounts.tokens import AUDIENCE, TokenSigner, key_id_of

OLD, NEW = (
    SecretStr("the secret of last year, long enough"),
    SecretStr("the secret of this year, long enough"),
)


def forged(
    *, secret: SecretStr = NEW, headers: dict[str, Any] | None = None, algorithm: str = "HS256", **claims: Any
) -> str:
    """A token that is right but for what is given."""
    right = {"sub": "1", "epoch": 0, "aud": AUDIENCE, "exp": int(time.time()) + 60}
    token: str = jwt.encode(
        right | claims,
        secret.get_secret_value(),
        algorithm=algorithm,
        headers={"kid": key_id_of(secret)} if headers is None else headers,
    )
    return token


def test_a_token_says_what_was_signed() -> None:
    claims = TokenSigner(NEW).verify(TokenSigner(NEW).sign(7, auth_epoch=3, ttl_s=60))

    assert (claims.account_id, claims.auth_epoch) == (7, 3)
    assert 50 < claims.expires_at - time.time() <= 60


def test_keys_are_exchanged_without_ending_logins() -> None:
    before, during, after = TokenSigner(OLD), TokenSigner(NEW, previous=[OLD]), TokenSigner(NEW)
    old = before.sign(1, auth_epoch=0, ttl_s=60)
    new = during.sign(1, auth_epoch=0, ttl_s=60)

    assert during.verify(old).account_id == during.verify(new).account_id == after.verify(new).account_id == 1
    with pytest.raises(TokenRefused):
        after.verify(old)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(forged(headers={}), id="no key id"),
        pytest.param(forged(headers={"kid": "deadbeef"}), id="an unknown key id"),
        pytest.param(forged(headers={"kid": ["a"]}), id="a key id that is none"),
        pytest.param(forged(secret=OLD, headers={"kid": key_id_of(NEW)}), id="another key's"),
        pytest.param(forged(headers={"kid": key_id_of(NEW), "crit": ["exp"]}), id="crit"),
        pytest.param(forged(headers={"kid": key_id_of(NEW), "jku": "http://x"}), id="a key of its own"),
        pytest.param(forged(algorithm="HS512"), id="another algorithm"),
        pytest.param(forged(aud="ws"), id="for something else"),
        pytest.param(forged(exp=int(time.time()) - 10), id="expired"),
        pytest.param(forged(epoch="none"), id="no epoch"),
        pytest.param(forged(sub="ada"), id="nobody's"),
        pytest.param(
            jwe.encrypt(b"{}", "x" * 32, algorithm="dir", encryption="A256GCM").decode(), id="encrypted"
        ),
        pytest.param("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", id="unsigned"),
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="no token"),
    ],
)
def test_anything_else_is_refused(token: str) -> None:
    assert TokenSigner(NEW).verify(forged()).account_id == 1
    with pytest.raises(TokenRefused):
        TokenSigner(NEW).verify(token)
