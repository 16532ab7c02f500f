"""Migrations of a table that is in use: nobody waits for long, and they get through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config

from operation_server.database import migrate as migrating
from operation_server.database.migrate import migrate, migrate_down, migrate_phase, scripts
from operation_server.database.phases import Phase, PhaseNotDue
from tests.integration.dispatch.queue import MANY
from tests.integration.transitions.seed import add_plugin, add_user

JOBS = 20_000
LONGEST_S = 1.0
"""That a migration keeps `jobs` from anybody."""
SLACK_S = 2.0
"""Of a busy machine."""
COMING = '''"""What a coming release does, in two phases."""

import sqlalchemy as sa
from alembic import op

from operation_server.migrations import safely

revision = "{revision}"
down_revision = "{down}"
branch_labels = depends_on = None
phase = "{phase}"


def upgrade():
{up}


def downgrade():
{down_body}
'''
ADD = """\
    op.execute("ALTER TABLE jobs ADD COLUMN IF NOT EXISTS colour text")
    safely.create_index("ix_jobs_colour", "jobs", ["colour", "id"], where="colour IS NOT NULL")
    safely.fill_in("jobs", "colour = 'red'", where="colour IS NULL")"""
REMOVE = """\
    safely.drop_index("ix_jobs_colour")
    op.drop_column("jobs", "colour")"""
DROP = """\
    op.drop_column("jobs", "progress")"""
PUT_BACK = """\
    op.add_column("jobs", sa.Column("progress", sa.Float(53), nullable=True))"""


@pytest.fixture
def coming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more migrations than there are."""
    head = scripts().get_current_head()
    for revision, down, phase, up, down_body in (
        ("9001", head, "before", ADD, REMOVE),
        ("9002", "9001", "after", DROP, PUT_BACK),
    ):
        (tmp_path / f"{revision}_coming.py").write_text(
            COMING.format(revision=revision, down=down, phase=phase, up=up, down_body=down_body)
        )
    configure: Callable[..., Config] = migrating._config

    def with_coming(connection: object) -> Config:
        config = configure(connection)
        config.set_main_option("version_locations", f"{migrating.MIGRATIONS / 'versions'} {tmp_path}")
        config.set_main_option("path_separator", "space")
        return config

    monkeypatch.setattr(migrating, "_config", with_coming)
    monkeypatch.setattr(migrating, "TRY_AGAIN_S", 0.2)


class Writer:
    """Writes and reads jobs on and on, and remembers how long it took at most."""

    def __init__(self, url: str) -> None:
        self.longest_s = 0.0
        self.count = 0
        self._url = url
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)

    @contextmanager
    def working(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join()

    def _work(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stopped.is_set():
                began = time.monotonic()
                connection.execute(
                    "INSERT INTO jobs (owner_id, plugin_id, plugin_name, plugin_version, input_data,"
                    " timeout_s, max_retries)"
                    " SELECT owner_id, plugin_id, plugin_name, plugin_version, '{}', 1, 0"
                    " FROM jobs LIMIT 1"
                )
                connection.execute(
                    "SELECT count(*) FROM (SELECT id FROM jobs ORDER BY id DESC LIMIT 10) AS newest"
                )
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                self.count += 1
                time.sleep(0.005)


@contextmanager
def reading_for(url: str, seconds: float) -> Iterator[None]:
    """Keep a transaction open that has read `jobs`, as a backup or a report does."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT count(*) FROM jobs")
        ending = threading.Timer(seconds, connection.rollback)
        ending.start()
        try:
            yield
        finally:
            ending.join()


@pytest.fixture
def url(database_url: str, blocking_engine: object) -> str:
    """A database with many jobs."""
    from sqlalchemy import Engine

    assert isinstance(blocking_engine, Engine)
    with blocking_engine.begin() as connection:
        owner_id = add_user(connection)
        plugin_id = add_plugin(connection, owner_id)
        connection.execute(MANY, {"owner_id": owner_id, "plugin_id": plugin_id, "count": JOBS})
    blocking_engine.dispose()
    return database_url.replace("+psycopg", "")


@pytest.mark.usefixtures("coming")
def test_a_long_migration_keeps_nobody_from_jobs(url: str, database_url: str) -> None:
    writer = Writer(url)
    with writer.working(), reading_for(url, 5.0):
        migrate_phase(database_url, Phase.BEFORE)
    assert writer.longest_s < LONGEST_S + SLACK_S
    assert writer.count > 10
    with psycopg.connect(url) as connection:
        coloured = connection.execute("SELECT count(*) FROM jobs WHERE colour = 'red'").fetchone()
        index = connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_jobs_colour'::regclass"
        ).fetchone()
    assert coloured is not None
    assert coloured[0] >= JOBS
    assert index == (True,)


@pytest.mark.usefixtures("coming")
def test_a_table_that_nobody_lets_go_of_is_told_and_tried_again(
    url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "TRIED_FOR_S", 0.0)
    with reading_for(url, 3.0), pytest.raises(migrating.TablesBusy):
        migrate_phase(database_url, Phase.BEFORE)
    migrate_phase(database_url, Phase.BEFORE)


@pytest.mark.usefixtures("coming")
def test_what_an_older_release_cannot_work_beside_is_known_to_the_database(
    url: str, database_url: str
) -> None:
    def after_migrations() -> list[str]:
        with psycopg.connect(url) as connection:
            return [row[0] for row in connection.execute("SELECT revision FROM after_migrations").fetchall()]

    with pytest.raises(PhaseNotDue):
        migrate_phase(database_url, Phase.AFTER)
    migrate_phase(database_url, Phase.BEFORE)
    migrate_phase(database_url, Phase.BEFORE)
    assert after_migrations() == []
    migrate_phase(database_url, Phase.AFTER)
    assert after_migrations() == ["9002"]
    migrate_down(database_url, revision="9001")
    assert after_migrations() == []
    migrate(database_url)
    assert after_migrations() == ["9002"]
