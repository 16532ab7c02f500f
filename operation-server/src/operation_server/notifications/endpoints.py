"""All routes about notifications."""

from __future__ import annotations

from fastapi import APIRouter

from operation_server.notifications.channels import endpoints as channels
from operation_server.notifications.deliveries import endpoints as deliveries
from operation_server.notifications.rules import endpoints as rules

router = APIRouter()
router.include_router(channels.router)
router.include_router(rules.router)
router.include_router(deliveries.router)
