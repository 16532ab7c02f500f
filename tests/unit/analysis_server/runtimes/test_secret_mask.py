"""Secrets in what plugins write: none gets through in a form that is known, however the output is cut."""

from __future__ import annotations

import base64
import itertools
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as some

from analysis_server.runtimes.secrets.forms import forms_of
from analysis_server.runtimes.secrets.mask import NO_MASK, SecretMask

SECRETS = (
    "plain-secret-value",
    'with "quotes", \\ and / + = & é ü',
    "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG\nshort\nAgEAAkEAq7BFUpkGp3+L\n-----END KEY-----\n",
    "abababababcdcdcdcdcd",
)
KNOWN = {
    "raw": lambda text: text.strip().encode(),
    "json": lambda text: json.dumps({"a": text}).encode(),
    "json as it is": lambda text: json.dumps([text], ensure_ascii=False).encode(),
    "repr": lambda text: repr([text]).encode(),
    "url": lambda text: quote(text.strip()).encode(),
    "whole url": lambda text: quote(text.strip(), safe="").encode(),
    "form": lambda text: quote_plus(text.strip()).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "line": lambda text: text.splitlines()[0].strip().encode(),
}
SMALL = some.binary(max_size=12)


def masked(secrets: tuple[str, ...], pieces: list[bytes]) -> bytes:
    out: list[bytes] = []
    stream = SecretMask(secrets).stream(out.append)
    for piece in pieces:
        stream.write(piece)
    stream.finish()
    return b"".join(out)


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:stop] for start, stop in itertools.pairwise(edges)]


@pytest.mark.parametrize("form", KNOWN)
@given(before=SMALL, after=SMALL, places=some.lists(some.integers(min_value=0), max_size=8), data=some.data())
def test_each_known_form_is_masked_wherever_it_is_cut(
    form: str, before: bytes, after: bytes, places: list[int], data: some.DataObject
) -> None:
    secret = data.draw(some.sampled_from(SECRETS))
    written = KNOWN[form](secret)
    out = masked(SECRETS, cut(before + written + after, places))

    assert written not in out
    assert b"***" in out
    assert secret.strip().encode() not in out
    # Nothing but secrets is changed, however the output is cut.
    assert out == masked(SECRETS, [before + written + after])


@given(
    before=some.binary(max_size=7),
    after=some.binary(max_size=7),
    secret=some.sampled_from(SECRETS),
    url_safe=some.booleans(),
    places=some.lists(some.integers(min_value=0), max_size=8),
)
def test_base64_is_masked_wherever_the_secret_stands_in_it(
    before: bytes, after: bytes, secret: str, url_safe: bool, places: list[int]
) -> None:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    encoded = encode(before + secret.strip().encode() + after)
    out = masked(SECRETS, cut(encoded, places))

    # At most the characters at its edges are left, which tell of two bytes each.
    assert len(out) <= len(encode(before)) + len(encode(after)) + 3 + 4
    assert b"***" in out


@given(text=some.binary(), places=some.lists(some.integers(min_value=0), max_size=8))
def test_what_holds_no_secret_is_not_changed(text: bytes, places: list[int]) -> None:
    assert masked(SECRETS, cut(text, places)) == text


@given(
    secret=some.text(alphabet="ab", min_size=8, max_size=20),
    text=some.text(alphabet="ab"),
    places=some.lists(some.integers(min_value=0), max_size=8),
)
def test_secrets_that_repeat_themselves_leave_nothing(secret: str, text: str, places: list[int]) -> None:
    out = masked((secret,), cut(text.encode(), places))

    assert secret.encode() not in out
    assert out == masked((secret,), [text.encode()])


def test_what_cannot_become_a_secret_is_not_held_back() -> None:
    out: list[bytes] = []
    stream = SecretMask(SECRETS).stream(out.append)
    stream.write(b"a line\n")
    assert out == [b"a line\n"]
    stream.write(b"and a plain-sec")
    assert b"".join(out) == b"a line\nand a "
    stream.write(b"ond one\n")
    assert b"".join(out) == b"a line\nand a plain-second one\n"


@pytest.mark.parametrize("secret", SECRETS)
def test_in_lines_no_line_waits_for_the_next(secret: str) -> None:
    out: list[bytes] = []
    stream = SecretMask([secret, '{\n "key": 1}'], in_lines=True).stream(out.append)
    line = json.dumps({"id": "1.1", "result": secret.strip()}).encode() + b"\n"
    stream.write(line)
    stream.write(b"{\n")

    assert b"".join(out) == b'{"id": "1.1", "result": "***"}\n{\n'


def test_a_secret_that_goes_on_gets_one_mask() -> None:
    assert masked(("aaaaaaaa",), [b"x" + b"a" * 5] + [b"a" * 7] * 20 + [b"y"]) == b"x***y"


def test_short_lines_and_values_are_no_forms() -> None:
    assert forms_of(["short", "  padded "]) == []
    assert b"short" not in forms_of([SECRETS[2]])


def test_no_secrets_cost_nothing() -> None:
    out: list[bytes] = []
    assert NO_MASK.stream(out.append).write == out.append
