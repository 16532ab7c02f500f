"""The rules by which a worker is given the secrets of an attempt."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.database.connections import Connections
from operation_server.secrets import repository as secrets
from operation_server.secrets.envelope import open_value
from operation_server.secrets.giving import repository
from operation_server.secrets.giving.availability import (
    may_have,
    named_by_input,
    owner_of_secrets,
    require_all,
)
from operation_server.secrets.giving.errors import AttemptNotActive
from operation_server.secrets.giving.repository import ActiveAttempt
from operation_server.secrets.giving.sealing import seal
from operation_server.secrets.key_ring import KeyRing
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.workers.service import BrokerUnavailable
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.run_secrets import RunSecretsRequest, SealedSecrets


class SecretGiving:
    """Answers workers that are about to run an attempt."""

    def __init__(self, connections: Connections, redis: Redis, ring: KeyRing) -> None:
        self._connections = connections
        self._redis = redis
        self._ring = ring

    async def give(self, request: RunSecretsRequest, *, token: str) -> SealedSecrets:
        """Return the secrets that an attempt may have, sealed for the worker that runs it.

        Raises:
            AttemptNotActive: the attempt has ended, never was, or another worker runs it.
            SecretsMissing: one is not there any more, or no longer granted.
            SecretKeyMissing, SecretDamaged: one cannot be opened.
            BrokerUnavailable: it is not known yet who runs it, and Redis does not answer.
        """
        attempt = await self._require_active(request)
        manifest = PluginManifest.of_stored(attempt.manifest)
        by_input = named_by_input(manifest, attempt.input_data)
        async with self._connections.begin() as connection:
            found = await secrets.find_given(
                connection,
                owner_id=owner_of_secrets(attempt.owner_id, manifest),
                plugin_name=attempt.plugin_name,
                names=[*(wish.name for wish in manifest.stored_secrets), *by_input],
            )
            found = [each for each in found if may_have(each, by_input)]
            require_all(manifest, [each.identity.name for each in found], by_input)
            values = {
                identity.name: open_value(self._ring, identity, envelope) for identity, envelope in found
            }
            await record(
                connection,
                None,
                Action.GIVE_SECRET,
                *(each.identity.id for each in found),
                job_id=request.job_id,
                attempt=request.attempt,
                plugin=f"{manifest.name} {manifest.version}",
                worker=request.worker,
            )
        return seal(values, request, token=token)

    async def _require_active(self, request: RunSecretsRequest) -> ActiveAttempt:
        async with self._connections.begin() as connection:
            attempt = await repository.find_active(connection, request.key)
        if attempt is None:
            raise AttemptNotActive
        worker = attempt.worker or await self._leased_by(request.key)
        if worker != request.worker:
            raise AttemptNotActive
        return attempt

    async def _leased_by(self, key: AttemptKey) -> str | None:
        """Return the worker that has claimed an attempt and not reported it yet."""
        try:
            holder = await self._redis.get(redis_keys.lease(key))
        except (RedisError, OSError) as error:
            raise BrokerUnavailable from error
        return holder.decode() if isinstance(holder, bytes) else holder
