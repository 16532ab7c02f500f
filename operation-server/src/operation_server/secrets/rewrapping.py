"""Exchange of the key-encryption key: all data keys are wrapped by the present one, then others may go."""

from __future__ import annotations

from typing import Final, NamedTuple

import structlog

from operation_server.database.engine import Engine
from operation_server.secrets import repository
from operation_server.secrets.envelope import rewrap
from operation_server.secrets.errors import SecretDamaged, SecretKeyMissing
from operation_server.secrets.key_ring import KeyRing

AT_ONCE: Final = 100

log = structlog.get_logger(__name__)


class Rewrapped(NamedTuple):
    """How many secrets the present key has wrapped now, and how many it could not."""

    done: int
    failed: int


def rewrap_all(engine: Engine, ring: KeyRing) -> Rewrapped:
    """Wrap the data keys of all secrets by the present key; safe to repeat, and beside a running API.

    Raises:
        SecretsNotSetUp: there is no present key.
    """
    each = [_rewrap_table(engine, ring, table) for table in repository.ENVELOPES]
    return Rewrapped(sum(one.done for one in each), sum(one.failed for one in each))


def _rewrap_table(engine: Engine, ring: KeyRing, table: str) -> Rewrapped:
    done, failed, after = 0, 0, ""
    while True:
        with engine.begin() as connection:
            page = repository.lock_wrapped_by_others(
                connection, table, ring.present_id, after=after, limit=AT_ONCE
            )
            for identity, envelope in page:
                try:
                    wrapped = rewrap(ring, identity, envelope)
                except (SecretKeyMissing, SecretDamaged) as error:
                    log.error("a secret stays as it is", secret_id=identity.id, error=str(error))  # noqa: TRY400
                    failed += 1
                else:
                    repository.put_envelope(connection, table, identity.id, wrapped)
                    done += 1
        if len(page) < AT_ONCE:
            return Rewrapped(done, failed)
        after = page[-1].identity.id


def missing_keys(engine: Engine, ring: KeyRing) -> dict[str, int]:
    """Return the keys that have wrapped secrets and are not here, and how many each."""
    with engine.connect() as connection:
        used = repository.count_by_key(connection)
    return {key_id: count for key_id, count in used.items() if not ring.has(key_id)}
