"""The bounds for losses, as the settings of a process say."""

from __future__ import annotations

from operation_server.jobs.transitions import LossBudget
from operation_server.settings import DispatchSettings


def loss_budget(settings: DispatchSettings) -> LossBudget:
    """Return what becomes of jobs whose workers die again and again."""
    return LossBudget(losses_max=settings.losses_max, alone_after=settings.alone_after_losses)
