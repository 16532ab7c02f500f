"""The jobs of the demo are the same each time, and their plugins take them."""

from __future__ import annotations

import jsonschema_rs

from satellite.demo.history import ENDLESS
from satellite.demo.people import ADA, BEN
from satellite.demo.work import day
from satellite.local.demo import DEMO_PLUGIN, example_input
from tests.plugins.folders import REPOSITORY_ROOT, read_manifest

WINES = example_input([REPOSITORY_ROOT / "plugins"])["rows"]


def test_a_second_day_is_the_same() -> None:
    assert day(WINES) == day(WINES)
    keys = [work.key for work in day(WINES)]
    assert len(set(keys)) == len(keys) > 100
    assert set(ENDLESS) < set(keys)


def test_their_plugins_take_them() -> None:
    works = day(WINES)
    checks = {
        work.plugin_name: jsonschema_rs.validator_for(
            read_manifest(REPOSITORY_ROOT / "plugins" / work.plugin_name)["input_schema"]
        )
        for work in works
    }

    for work in works:
        checks[work.plugin_name].validate(work.input_data)
    assert set(checks) == {"example-processor", "example-warm", "example-failing", DEMO_PLUGIN}


def test_several_people_work_and_one_thinks_better_of_it() -> None:
    works = day(WINES)

    assert {work.person for work in works} == {ADA.name, BEN.name}
    assert len([work for work in works if work.cancels]) == 1


def test_without_rows_nobody_asks_about_wines() -> None:
    assert all(work.plugin_name != DEMO_PLUGIN for work in day([]))
