"""Messages as Slack and Teams take them by the addresses that they give out."""

from __future__ import annotations

from typing import Any

import orjson

from operation_server.notifications.wording import text_of, title_of
from satellite.contracts.notification import WebhookMessage

CARD = "application/vnd.microsoft.card.adaptive"
MARKS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def slack_body(message: WebhookMessage) -> bytes:
    """Return a message of Slack, in which nothing that a plugin said is a link or calls anybody."""
    return orjson.dumps({"text": text_of(message.type, message.data).translate(MARKS), "unfurl_links": False})


def teams_body(message: WebhookMessage) -> bytes:
    """Return an adaptive card, as workflows of Teams take it; what a plugin said is plain text in it."""
    title, _, rest = text_of(message.type, message.data).partition("\n")
    blocks: list[dict[str, Any]] = [_runs(title, weight="Bolder"), *([_runs(rest)] if rest else [])]
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "fallbackText": title_of(message.type, message.data),
    }
    return orjson.dumps(
        {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}
    )


def _runs(text: str, **style: str) -> dict[str, Any]:
    # A text block would read Markdown.
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}
