"""Signatures are those of the standard."""

from __future__ import annotations

import base64

from operation_server.webhooks.signing import KEY_BYTES, PREFIX, new_signing_secret, signed_headers


def test_the_example_of_the_standard() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: its secret, message and signature."""
    headers = signed_headers(
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_s=1614265330,
        signing_secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"


def test_each_secret_signs() -> None:
    one, two = new_signing_secret(), new_signing_secret()
    both = signed_headers(b"{}", message_id="m", timestamp_s=1, signing_secrets=[one, two])
    second = signed_headers(b"{}", message_id="m", timestamp_s=1, signing_secrets=[two])

    assert both["webhook-signature"].split(" ")[1] == second["webhook-signature"]
    assert len(base64.b64decode(one.removeprefix(PREFIX))) == KEY_BYTES
