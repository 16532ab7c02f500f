"""The mix of a chaos run has every kind of work in it."""

from __future__ import annotations

import itertools
import random
from collections import Counter

from operation_server.jobs.schemas import JobCreate
from satellite.contracts.plugin_manifest import PluginManifest
from tests.chaos.plugins import MODES, manifest
from tests.chaos.work import KINDS, PROBE, draw_kinds


def test_every_round_has_each_kind_as_often_as_its_share() -> None:
    one_round = sum(kind.share for kind in KINDS)
    drawn = itertools.islice(draw_kinds(KINDS, random.Random(1)), one_round, 2 * one_round)
    assert Counter(kind.name for kind in drawn) == {kind.name: kind.share for kind in KINDS}


def test_every_kind_asks_for_a_plugin_that_there_is_in_a_request_that_is_valid() -> None:
    plugins = {PluginManifest.model_validate(manifest(name, marks=None)).name for name in MODES}
    for kind in (*KINDS, PROBE):
        assert JobCreate.model_validate(kind.body(1, random.Random(1))).plugin_name in plugins
