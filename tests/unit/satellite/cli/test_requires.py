"""`satellite run --requires`."""

from __future__ import annotations

import pytest

from satellite.cli.errors import BadUsage
from satellite.cli.run import read_requires
from satellite.contracts.requires import Requires


def test_options_become_what_the_worker_must_be() -> None:
    options = ["label.zone=a", "label.example.org/disk=ssd", "queue=batch", "gpu_kind=A100 SXM4"]
    assert read_requires(options) == Requires(
        labels={"zone": "a", "example.org/disk": "ssd"}, queue="batch", gpu_kind="A100 SXM4"
    )
    assert read_requires([]) is None


@pytest.mark.parametrize("option", ["zone=a", "queue", "runtime=vm", "label.zone=a b", "labels=x"])
def test_what_no_worker_can_be_is_named(option: str) -> None:
    with pytest.raises(BadUsage, match=option.partition("=")[0].removeprefix("label.")):
        read_requires([option])
