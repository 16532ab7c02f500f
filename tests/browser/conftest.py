"""A real browser on a real API process, signed in by the console."""

from __future__ import annotations

from tests.console.conftest import admin, api_url, browser, context, page, story

__all__ = ["admin", "api_url", "browser", "context", "page", "story"]
