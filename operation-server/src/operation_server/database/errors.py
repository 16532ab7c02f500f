"""What a statement may fail with, for callers that write no SQL themselves."""

from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DATABASE_ERRORS = (SQLAlchemyError, OSError)
"""Whatever goes wrong between this process and the database, or in it."""

__all__ = [
    "DATABASE_ERRORS",
    "DataError",
    "IntegrityError",
    "InterfaceError",
    "OperationalError",
    "PoolTimeout",
]
