"""The process that tells users of what has happened."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from operation_server.dispatch.leadership import Leadership, Loops, lead
from operation_server.dispatch.locks import NOTIFICATIONS_LOCK
from operation_server.dispatch.parts import Parts, open_parts
from operation_server.events.reader import EventReader
from operation_server.notifications.matching.handler import NotificationHandler
from operation_server.notifications.matching.kinds import READ
from operation_server.notifications.matching.signal_reader import SignalReader
from operation_server.notifications.sending.courier import Courier
from operation_server.notifications.sending.guarded_http import GuardedHttp
from operation_server.notifications.sending.mail import Mailer
from operation_server.notifications.sending.senders import Senders
from operation_server.notifications.upkeep import Upkeep
from operation_server.notifications.watching.platform_watch import PlatformWatch
from operation_server.process_end import until_signal
from operation_server.secrets.key_ring import KeyRing
from operation_server.settings import NotificationSettings, SecretSettings, SmtpSettings
from operation_server.webhooks.addresses import AddressPolicy
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

THREADS_PER_MESSAGE: Final = 2


def run_notifications() -> None:
    """Tell users until a signal ends it."""
    configure_logging(LogSettings())
    settings, smtp, ring = NotificationSettings(), SmtpSettings(), KeyRing.of(SecretSettings())
    asyncio.run(until_signal(_work(settings, smtp, ring)))


async def lead_notifications(
    parts: Parts, settings: NotificationSettings, smtp: SmtpSettings, ring: KeyRing
) -> None:
    """Tell users whenever this process is the leader; returns never."""
    http = GuardedHttp(AddressPolicy(settings.allowed_networks), timeout_s=settings.timeout_s)
    mailer = Mailer(smtp, timeout_s=settings.timeout_s)
    senders = Senders(parts.engine, ring, http=http, mailer=mailer, events=parts.events)

    def loops(leadership: Leadership) -> Loops:
        courier = Courier(parts.engine, senders, settings)
        handler = NotificationHandler(give_up_after_s=settings.give_up_after_s, wake=courier.wake)
        signals = SignalReader(parts.engine, give_up_after_s=settings.give_up_after_s, wake=courier.wake)
        return {
            "leadership": leadership.watch(),
            "events": EventReader(parts.engine, handler, data_of=READ).run(),
            "signals": signals.run(),
            "courier": courier.run(),
            "watch": PlatformWatch(parts.engine, parts.redis).run(),
            "upkeep": Upkeep(parts.engine, settings).run(),
        }

    try:
        await lead(
            parts.database_url,
            lock_id=NOTIFICATIONS_LOCK,
            what="notifying",
            loops=loops,
            life=parts.life,
            guard=parts.guard,
        )
    finally:
        await http.aclose()


async def _work(settings: NotificationSettings, smtp: SmtpSettings, ring: KeyRing) -> None:
    # Names are looked up and e-mails sent in these threads; the usual six would let those whose servers do
    # not answer hold up everybody. A look-up that was given up keeps its thread for a while.
    threads = ThreadPoolExecutor(THREADS_PER_MESSAGE * settings.at_once, thread_name_prefix="notifications")
    asyncio.get_running_loop().set_default_executor(threads)
    async with contextlib.AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts("notifications"))
        await lead_notifications(parts, settings, smtp, ring)
