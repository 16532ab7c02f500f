"""What keeps a backup from being made or brought back; each message says what to do."""

from __future__ import annotations

from satellite.errors import SatelliteError


class BackupError(SatelliteError):
    """The backup cannot be made or brought back."""

    code = "backup"


class BackupThere(BackupError):
    """There is something where the backup was to be written; name another folder."""

    code = "backup_there"


class BackupDamaged(BackupError):
    """The backup is not what was written; take another one."""

    code = "backup_damaged"


class BackupUnfit(BackupError):
    """The backup is of another release or server than this one can read."""

    code = "backup_unfit"


class ProgramFailed(BackupError):
    """A program of PostgreSQL or Compose did not do what it was asked for."""

    code = "program_failed"


class NotRunning(BackupError):
    """What is to be backed up does not run."""

    code = "not_running"
