"""The sign of life tells of each loop that waits, until none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from operation_server.health.sign_of_life import SignOfLife
from operation_server.kafka.errors import BrokersAway
from operation_server.kafka.standing import Standing


def test_it_is_well_when_nothing_keeps_any_loop(tmp_path: Path) -> None:
    life = SignOfLife(tmp_path, "kafka")
    standing = Standing(life)
    standing.waits("submissions", ConnectionError("gone"))
    with pytest.raises(BrokersAway), standing.watching("events"):
        raise BrokersAway("none answers")
    said = life.refusal()
    standing.works("submissions")
    still = life.refusal()
    with standing.watching("events"):
        pass

    assert said == "events: BrokersAway: SATELLITE_KAFKA_BOOTSTRAP_SERVERS: none answers"
    assert still == said
    assert life.refusal() is None
