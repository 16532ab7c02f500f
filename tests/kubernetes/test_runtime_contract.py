"""Pods keep the contract of all runtimes."""

from __future__ import annotations

import pytest

from tests.contract.runtimes.test_oneshot import *  # noqa: F403

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]
