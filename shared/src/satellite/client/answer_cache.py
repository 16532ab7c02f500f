"""Answers of versions of models, kept so that the same question is asked once."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from typing import Any, Final

from cachetools import LRUCache

from satellite.client.errors import RequestUnfit
from satellite.client.models import Reply
from satellite.client.reading import check_request

CACHE_BYTES: Final = 32 * 1024 * 1024
_VERSION: Final = re.compile(r".+@[0-9]+")


class AnswerCache:
    """The answers that were asked for last, as text, so that nobody changes what another one gets."""

    def __init__(self, bytes_max: int = CACHE_BYTES) -> None:
        self._kept: LRUCache[str, str] = LRUCache(bytes_max, getsizeof=len)
        self._lock = threading.Lock()

    def find(self, key: str) -> Reply | None:
        """Return what was answered before, as a hit."""
        with self._lock:
            text = self._kept.get(key)
        return None if text is None else Reply.model_validate_json(text).model_copy(update={"cached": True})

    def keep(self, key: str, reply: Reply) -> None:
        """Keep an answer, unless it is larger than all that is kept."""
        text = reply.model_dump_json()
        with self._lock:
            if len(text) <= self._kept.maxsize:
                self._kept[key] = text


def question(model_name: str, data: Any, config: Any) -> str:
    """Return a question to a version of a model as a key, the same for the same JSON.

    Raises:
        RequestUnfit: the name is no version (`name@3`): what a name or an alias means can change.
    """
    if not _VERSION.fullmatch(model_name):
        raise RequestUnfit(f"Only answers of a version can be kept: ask {model_name.partition('@')[0]}@3.")
    check_request([data, config])
    told = json.dumps([model_name, data, config], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
