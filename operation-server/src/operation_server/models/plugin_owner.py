"""Whose a plugin name is."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class PluginOwner(Base):
    """The account that may register and delete versions of a name; it stays when all versions are deleted."""

    __tablename__ = "plugin_owners"

    plugin_name: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
