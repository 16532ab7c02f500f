"""What a queue of RabbitMQ is made with: both servers declare it, and RabbitMQ refuses one that differs."""

from __future__ import annotations

from typing import Any, Final

from satellite.contracts.task_names import CANARY_QUEUE_PREFIX, RESULTS_QUEUE, is_class_queue

DEAD_LETTERS: Final = "satellite.dead"
"""Exchange, and its queue, of messages that RabbitMQ has given up; kept to be counted and looked at."""
DELIVERY_LIMIT: Final = 20
"""Deliveries that were not acknowledged, such as by a worker that each of them ends."""
DEAD_LETTERS_MAX: Final = 10_000
DEAD_LETTER_TTL_MS: Final = 7 * 86_400_000
UNUSED_CANARY_TTL_MS: Final = 3_600_000
UNUSED_CLASS_TTL_MS: Final = 86_400_000
"""A queue of one worker, or of one class of them, is deleted when nobody has used it for so long."""

QUORUM: Final = {"x-queue-type": "quorum"}


def queue_arguments(name: str) -> dict[str, Any]:
    """Return the arguments a queue is declared with."""
    if name == DEAD_LETTERS:
        return QUORUM | {"x-max-length": DEAD_LETTERS_MAX, "x-message-ttl": DEAD_LETTER_TTL_MS}
    if name.startswith(CANARY_QUEUE_PREFIX):
        return QUORUM | {"x-expires": UNUSED_CANARY_TTL_MS}
    arguments = QUORUM | {"x-delivery-limit": DELIVERY_LIMIT, "x-dead-letter-exchange": DEAD_LETTERS}
    if name == RESULTS_QUEUE:
        return arguments | {"x-single-active-consumer": True}
    if is_class_queue(name):
        return arguments | {"x-expires": UNUSED_CLASS_TTL_MS}
    return arguments
