"""The commands of DEPLOYMENT.md about Compose, run as they stand and in their order."""

from __future__ import annotations

import re

import pytest

from tests.deployment.compose import Deployment
from tests.deployment.images import ROOT

# The first of them builds the images.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_each_command_works(deployment: Deployment) -> None:
    blocks = BLOCK.findall((ROOT / "DEPLOYMENT.md").read_text())
    assert len(blocks) == 8

    # One shell, because a block sets variables for the next.
    said = deployment.run("bash", "-eux", "-o", "pipefail", "-c", "\n".join(blocks), timeout_s=1500)

    assert "Logged in to" in said
    assert deployment.containers("operation-api") == []
