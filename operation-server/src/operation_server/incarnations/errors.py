"""Why a process does not work on a database."""

from __future__ import annotations

from satellite.errors import SatelliteError


class DatabaseUnfit(SatelliteError):
    """This process cannot work on the database."""

    code = "database_unfit"


class SchemaUnfit(DatabaseUnfit):
    """The database has not the schema that this release needs."""

    code = "schema_unfit"


class DatabaseRestored(DatabaseUnfit):
    """The database was recovered from a backup; nothing works before `satellite admin restore --finish`."""

    code = "database_restored"
