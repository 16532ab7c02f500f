"""Exchange of the key-encryption key: rewrapped by a command, and the old one stays while it is needed."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from analysis_server.operation_api import run_secrets
from analysis_server.runtimes.secrets.errors import SecretsUnavailable
from operation_server.main import create_app
from operation_server.secrets.commands import require_used_keys
from operation_server.secrets.key_ring import KeyRing, key_id_of
from operation_server.secrets.rewrapping import Rewrapped, rewrap_all
from operation_server.settings import OperationSettings, SecretSettings
from tests.integration.operation_server_api.conftest import started
from tests.integration.secrets.conftest import KEY, OTHER_VALUE, VALUE, Keeper

OLD, NEW = SecretStr(KEY), SecretStr(secrets.token_hex(32))


def key_ids(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(text("SELECT key_id FROM secrets")))


def by(settings: OperationSettings, key: SecretStr | None, *previous: SecretStr) -> OperationSettings:
    return settings.model_copy(update={"secrets": SecretSettings(key=key, previous_keys=list(previous))})


async def test_an_old_key_is_not_left_out_while_it_is_needed(
    keeper: Keeper, settings: OperationSettings, blocking_engine: Engine
) -> None:
    await keeper.store(keeper.ada)
    await keeper.store(keeper.grace, OTHER_VALUE)
    old = key_id_of(OLD)

    for unfit in (by(settings, NEW), by(settings, None)):
        with pytest.raises(SystemExit, match=rf"SATELLITE_SECRETS_PREVIOUS_KEYS: .* \(2 by {old}\)"):
            require_used_keys(unfit)
    require_used_keys(by(settings, NEW, OLD))
    assert rewrap_all(blocking_engine, KeyRing(NEW)) == Rewrapped(done=0, failed=2)
    assert key_ids(blocking_engine) == {old}


async def test_rewrapped_secrets_need_the_new_key_alone(
    keeper: Keeper,
    settings: OperationSettings,
    blocking_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await keeper.store(keeper.ada)
    await keeper.store(keeper.grace, OTHER_VALUE)
    key = await keeper.start(keeper.ada)
    ring = KeyRing(NEW, previous=[OLD])

    assert rewrap_all(blocking_engine, ring) == Rewrapped(done=2, failed=0)
    assert rewrap_all(blocking_engine, ring) == Rewrapped(done=0, failed=0)
    assert key_ids(blocking_engine) == {key_id_of(NEW)}
    require_used_keys(by(settings, NEW))
    # The API of before does not open them, and says which key it lacks.
    monkeypatch.setattr(run_secrets, "TRY_FOR_S", 0)
    with pytest.raises(SecretsUnavailable, match=key_id_of(NEW)):
        await keeper.fetch(key)
    async with started(create_app(by(settings, NEW))) as keeper.stranger:
        assert await keeper.fetch(key) == {"TOKEN": VALUE}


async def test_a_damaged_row_stays_as_it_is(keeper: Keeper, blocking_engine: Engine) -> None:
    await keeper.store(keeper.ada)
    damaged = await keeper.store(keeper.grace)
    with blocking_engine.begin() as connection:
        change = text("UPDATE secrets SET wrapped_key = '' WHERE id = :id")
        connection.execute(change, {"id": damaged})

    assert rewrap_all(blocking_engine, KeyRing(NEW, previous=[OLD])) == Rewrapped(done=1, failed=1)
    assert key_ids(blocking_engine) == {key_id_of(OLD), key_id_of(NEW)}


async def test_the_command_tells_what_it_did_and_no_key(
    keeper: Keeper, database_url: str, blocking_engine: Engine
) -> None:
    await keeper.store(keeper.ada)
    environment = {
        "SATELLITE_DATABASE_URL": database_url,
        "SATELLITE_REDIS_URL": "redis://127.0.0.1:1/0",
        "SATELLITE_SECRETS_KEY": NEW.get_secret_value(),
        "SATELLITE_SECRETS_PREVIOUS_KEYS": KEY,
    }
    done = subprocess.run(
        [sys.executable, "-m", "operation_server.cli", "rewrap-secrets"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "done=1 failed=0" in done.stderr
    assert not any(hidden in done.stderr for hidden in (KEY, NEW.get_secret_value(), VALUE))
    assert key_ids(blocking_engine) == {key_id_of(NEW)}
