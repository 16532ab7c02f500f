"""Secrets that are none, as both servers refuse them at their start, by the names of their variables.

In local mode, which `satellite up` sets because it listens on this machine alone, nothing of that is asked.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from satellite.settings.broker import BrokerSettings
from satellite.settings.group import SettingsGroup

PLACEHOLDER: Final = re.compile(
    r"change|replace|your|example|default|insecure|dummy|todo|secret", re.IGNORECASE
)
"""What a secret of a sample file begins with."""
FEWEST_CHARACTERS: Final = 8
"""Different ones, in a secret of 32 or more."""
KNOWN_PASSWORDS: Final = frozenset(
    {"password", "postgres", "satellite", "admin", "secret", "changeme", "redis", "guest", "user", "test"}
)
LOOPBACK: Final = frozenset({"", "127.0.0.1", "localhost", "::1"})


class ModeSettings(SettingsGroup):
    """Whether anybody but the people of this machine is to be feared."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_", extra="ignore")

    local_mode: bool = Field(
        default=False, description="Start with weak, default or missing secrets too; `satellite up` sets it."
    )


def key_faults(variable: str, key: SecretStr) -> Iterator[str]:
    """Yield what is wrong with a secret."""
    text = key.get_secret_value()
    if PLACEHOLDER.match(text) or len(set(text)) < FEWEST_CHARACTERS:
        yield f"{variable}: is a placeholder; take a random one, such as from `openssl rand -hex 32`"
    elif len(text) < 32:
        yield f"{variable}: is too short; take 32 characters or more, such as from `openssl rand -hex 32`"


def address_faults(variable: str, url: str) -> Iterator[str]:
    """Yield what is wrong with the password of an address."""
    address = urlsplit(url)
    if address.password is None:
        if (address.hostname or "") not in LOOPBACK:
            yield f"{variable}: has no password, though {address.hostname} is another machine"
    elif address.password.lower() in KNOWN_PASSWORDS | {address.username or ""}:
        yield f"{variable}: its password is one that everybody tries first; take a random one"


def broker_faults(broker: BrokerSettings) -> Iterator[str]:
    """Yield what is wrong with the passwords of Redis and of the broker."""
    yield from address_faults("SATELLITE_REDIS_URL", broker.redis_url)
    if broker.celery_broker_url:
        yield from address_faults("CELERY_BROKER_URL", broker.celery_broker_url)


def end_if_any(faults: Sequence[str]) -> None:
    """End the process with a line for each fault, if there are some."""
    if not faults:
        return
    command = os.path.basename(sys.argv[0])  # noqa: PTH119
    name = "worker" if command == "__main__.py" else command or "operation-server"
    hint = "not started; on a machine of one's own SATELLITE_LOCAL_MODE=true accepts weak secrets"
    sys.exit("\n".join(f"{name}: {fault}." for fault in [*faults, hint]))
