"""Outcomes that could not be sent, on the worker's disk until they can."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import orjson
import structlog

from analysis_server.reporting.callback_message import CallbackMessage
from satellite.contracts.identity import AttemptKey, uid_by_number

_NAME = re.compile(r"^(\d+)-(\d+)(?:-([0-9a-f-]{36}))?\.json$")

logger = structlog.get_logger(__name__)


class Spool:
    """A folder with one file for each unsent outcome; each file is complete or not there."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, made when it is first needed."""
        self._folder = folder

    def put(self, key: AttemptKey, message: CallbackMessage) -> bool:
        """Store a message for good; False when the disk refuses, which is logged."""
        path = self._path(key)
        making = path.with_suffix(".part")
        record = {
            "task": message.task,
            "queue": message.queue,
            "id": message.id,
            "body": message.body.decode(),
        }
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with making.open("wb") as file:
                file.write(orjson.dumps(record))
                file.flush()
                os.fsync(file.fileno())
            making.rename(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                making.unlink(missing_ok=True)
            logger.error("outcome not spooled, kept in memory", attempt=key, error=str(error))  # noqa: TRY400
            return False
        return True

    def keys(self) -> Iterator[AttemptKey]:
        """Yield the attempts whose outcomes wait here."""
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                if found := _NAME.match(path.name):
                    job_id, uid = int(found[1]), found[3]
                    key = AttemptKey(job_id, int(found[2]), UUID(uid) if uid else uid_by_number(job_id))
                    # One of a release without uids is found by its whole name from now on.
                    path.rename(self._path(key))
                    yield key

    def get(self, key: AttemptKey) -> CallbackMessage | None:
        """Return a stored message; None if it is unreadable or gone."""
        try:
            record = orjson.loads(self._path(key).read_bytes())
            return CallbackMessage(
                task=record["task"], queue=record["queue"], id=record["id"], body=record["body"].encode()
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.error("spooled outcome is unreadable", attempt=key, error=str(error))  # noqa: TRY400
            return None

    def remove(self, key: AttemptKey) -> None:
        """Forget a message that was sent."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: AttemptKey) -> Path:
        return self._folder / f"{key.job_id}-{key.attempt}-{key.uid}.json"
