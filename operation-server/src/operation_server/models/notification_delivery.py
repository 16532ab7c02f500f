"""What is to be told, and what has become of that."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class NotificationSignal(Base):
    """Something that is no event of a job and that somebody may want to be told of.

    It is written in the transaction in which it happens, and stays for a while so that the same is not told
    again and again.
    """

    __tablename__ = "notification_signals"
    __table_args__ = (
        Index("ix_notification_signals_untold", "id", postgresql_where=text("told_at IS NULL")),
        Index("ix_notification_signals_kind_about_at", "kind", "about", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    about: Mapped[str]
    """Which worker, cluster or account."""
    owner_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    """Whom it concerns, beside admins."""
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    told_at: Mapped[datetime | None]


class NotificationDelivery(Base):
    """One message to one receiver."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
        # Lane by lane, so that a receiver that takes nothing hides none of another.
        Index(
            "ix_notification_deliveries_due", "lane", "due_at", postgresql_where=text("status = 'pending'")
        ),
        Index("ix_notification_deliveries_owner_id_id", "owner_id", "id"),
        Index("ix_notification_deliveries_channel_id_id", "channel_id", "id"),
        Index(
            "ix_notification_deliveries_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    """Stays the same however often it is sent."""
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("notification_channels.id", ondelete="CASCADE"))
    """None: it is for the webhook of a job."""
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(server_default="0")
    """The number of the job or run."""
    lane: Mapped[str]
    """The receiver: what is sent to one waits for no other."""
    body: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    claim: Mapped[int] = mapped_column(server_default="0")
    """Grows with each claim: whoever has an older one changes nothing any more."""
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When it is sent (again); of one that is claimed, when the claim ends."""
    give_up_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    answers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """The last ones, each with `at`, `outcome`, `status`, `ms` and the beginning of what was said."""


class WatchMark(Base):
    """What who watches the platform knows already: workers that were seen, and how far it has read."""

    __tablename__ = "notification_watch"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(server_default="0")
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    is_lost: Mapped[bool] = mapped_column(server_default=text("false"))
