"""By what users are told, of what, and the secrets that this takes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class NotificationChannel(Base):
    """A way to tell a user; where it leads to and what it signs by are secrets."""

    __tablename__ = "notification_channels"
    __table_args__ = (Index("uq_notification_channels_owner_id_name", "owner_id", "name", unique=True),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    kind: Mapped[str]
    hint: Mapped[str]
    """What may be shown of where it leads to: a host, an address of e-mail."""
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    fault: Mapped[str | None]
    """Why the platform has disabled it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NotificationSecret(Base):
    """The address of a channel or job webhook, or what signs by; encrypted like a secret of a plugin."""

    __tablename__ = "notification_secrets"
    __table_args__ = (
        Index("ix_notification_secrets_channel_id", "channel_id"),
        Index("ix_notification_secrets_owner_id_name", "owner_id", "name"),
        Index("ix_notification_secrets_key_id", "key_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    key_id: Mapped[str]
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("notification_channels.id", ondelete="CASCADE"))
    """None: it is of the account, for the webhooks of its jobs."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    """Of what another has replaced, and still signs for a while."""


class NotificationRule(Base):
    """What an account is told of."""

    __tablename__ = "notification_rules"
    __table_args__ = (
        Index("ix_notification_rules_owner_id", "owner_id"),
        Index("ix_notification_rules_of_everybody", "id", postgresql_where=text("of_everybody")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String))
    plugin_name: Mapped[str | None]
    workflow_id: Mapped[int | None]
    min_priority: Mapped[int | None]
    of_everybody: Mapped[bool] = mapped_column(server_default=text("false"))
    """It is for the jobs of all users."""
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NotificationRuleChannel(Base):
    """A rule tells by a channel."""

    __tablename__ = "notification_rule_channels"
    __table_args__ = (Index("ix_notification_rule_channels_channel_id", "channel_id"),)

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("notification_rules.id", ondelete="CASCADE"), primary_key=True
    )
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("notification_channels.id", ondelete="CASCADE"), primary_key=True
    )


class JobWebhook(Base):
    """A webhook of one job or run; its number is that of a row of `jobs` or `workflow_runs`."""

    __tablename__ = "job_webhooks"

    job_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    secret_id: Mapped[str] = mapped_column(ForeignKey("notification_secrets.id"))
    """Its address."""
    hint: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
