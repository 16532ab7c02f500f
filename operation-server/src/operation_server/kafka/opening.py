"""What the door of records is made of: services as the API has them, without what only requests need."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from pydantic import SecretStr

from operation_server.accounts.keys.usage import KeyUsage
from operation_server.database.connections import Connections
from operation_server.dispatch.parts import Parts
from operation_server.inference.service import InferenceService
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.submission.service import SubmissionService
from operation_server.kafka.door import RecordDoor
from operation_server.kafka.submitter import Submitter
from operation_server.limits.rates import Rates
from operation_server.limits.requests import RequestLimits
from operation_server.limits.submissions import SubmissionLimits
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.live.hub import Hub
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.isolation import Isolation
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.registry.trainability import Trainability
from operation_server.secrets.giving.availability import SecretAvailability
from operation_server.secrets.key_ring import KeyRing
from operation_server.settings import LimitSettings, NotificationSettings, PluginSettings, SecretSettings
from operation_server.webhooks.addresses import AddressPolicy
from operation_server.webhooks.door import WebhookDoor
from operation_server.workers.service import WorkerService
from satellite.settings.database import DatabaseSettings

DRAIN_TIMEOUT_S = 5.0


@contextlib.asynccontextmanager
async def open_door(parts: Parts, api_key: SecretStr) -> AsyncIterator[RecordDoor]:
    """Open the door to the account of an API key until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        connections = Connections(DatabaseSettings(), application_name="satellite-kafka")
        stack.push_async_callback(connections.dispose)
        rates = Rates(parts.redis_url)
        stack.push_async_callback(rates.aclose)
        schemas = SchemaChecks()
        stack.callback(schemas.close)
        after_commit = AfterCommit(publisher=parts.events, redis=parts.redis)
        stack.push_async_callback(after_commit.drain, timeout_s=DRAIN_TIMEOUT_S)
        usage = await stack.enter_async_context(_running(KeyUsage(connections)))
        limits, users = LimitSettings(), LimitsOfUsers(connections, LimitSettings())
        catalog = PluginCatalog(connections, schemas)
        submissions = SubmissionService(
            connections,
            catalog=catalog,
            isolation=Isolation(WorkerService(parts.redis), is_open=PluginSettings().open_without_isolation),
            trainability=Trainability(connections, catalog),
            secrets=SecretAvailability(connections),
            after_commit=after_commit,
            limits=SubmissionLimits(connections, rates, users),
            webhooks=WebhookDoor(
                KeyRing.of(SecretSettings()), AddressPolicy(NotificationSettings().allowed_networks)
            ),
        )
        # Nobody waits here for the end of a job, so its hub reads nothing.
        hub = Hub(redis_url=parts.redis_url, connections=connections)
        yield RecordDoor(
            submitter=Submitter(connections, api_key, usage),
            requests=RequestLimits(rates, users, limits),
            submissions=submissions,
            inference=InferenceService(connections, submissions=submissions, schemas=schemas, hub=hub),
        )


@contextlib.asynccontextmanager
async def _running(usage: KeyUsage) -> AsyncIterator[KeyUsage]:
    async with usage.running():
        yield usage
