"""What operators set for a plugin name, across its versions."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class PluginControl(Base):
    """Pause and concurrency limit of a plugin; no row means neither."""

    __tablename__ = "plugin_controls"

    plugin_name: Mapped[str] = mapped_column(primary_key=True)
    is_paused: Mapped[bool] = mapped_column(server_default="false")
    max_running: Mapped[int | None]
