"""All SQL of a recovery that is nobody else's."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

NUMBERS_PER_S: Final = 10_000
"""Numbers go on at so many for each second since 2025, so that those of another life, which began with the
same backup, are left out too. At full load there are 200 jobs and 800 events a second."""
NUMBERS_LEFT_OUT: Final = 1_000_000_000
"""At least so many, whatever the clock says."""

WITHOUT_LIMIT: Final = text("SET LOCAL statement_timeout = 0")
TRY_LOCK: Final = text("SELECT pg_try_advisory_lock(:lock)")
LEAVE_NUMBERS_OUT: Final = text("""
    SELECT setval(
        CAST(format('%I.%I', schemaname, sequencename) AS regclass),
        greatest(
            coalesce(last_value, 0) + :left_out,
            CAST(extract(epoch FROM now() - timestamptz '2025-01-01 00:00+00') AS bigint) * :per_s
        )
    )
    FROM pg_sequences WHERE schemaname = current_schema()
""")
NEWEST_EVENT: Final = text("SELECT last_value FROM job_events_id_seq")
END_LOGINS: Final = (
    # Beyond every epoch that an account may have had in another life.
    text("UPDATE users SET auth_epoch = greatest(auth_epoch, CAST(extract(epoch FROM now()) AS bigint)) + 1"),
    text("DELETE FROM refresh_tokens"),
    text("DELETE FROM dashboard_sessions"),
    text("DELETE FROM ws_tickets"),
)


def be_patient(connection: Connection) -> None:
    """Let statements of the transaction take as long as they need."""
    connection.execute(WITHOUT_LIMIT)


def try_lock(connection: Connection, lock_id: int) -> bool:
    """Take an advisory lock for as long as the session lives; False while somebody has it."""
    return bool(connection.scalar(TRY_LOCK, {"lock": lock_id}))


def leave_numbers_out(connection: Connection) -> int:
    """Let all sequences go on where no number was given before; return the last id that no event gets."""
    connection.execute(LEAVE_NUMBERS_OUT, {"left_out": NUMBERS_LEFT_OUT, "per_s": NUMBERS_PER_S})
    return int(connection.execute(NEWEST_EVENT).scalar_one())


def end_logins(connection: Connection) -> None:
    """End all logins: those that ended since would hold again. API keys go on."""
    for statement in END_LOGINS:
        connection.execute(statement)
