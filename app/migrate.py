"""Bring the seven databases up to date: `python -m app.migrate`."""

from pathlib import Path

from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from alembic import command
from app.config import settings
from app.domain.people import ensure_roles
from models import db

ALEMBIC_INI = Path(__file__).parent.parent / "alembic" / "alembic.ini"

# Any constant does: two replicas that start together must not migrate together.
MIGRATION_LOCK = 7_041_001


def create_database(url: str) -> None:
    """Create the database that a URL names, unless it exists."""
    target = make_url(url)
    server = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        exists = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.execute(exists, {"name": target.database}).first() is None:
            connection.execute(text(f'CREATE DATABASE "{target.database}"'))
    server.dispose()


def upgrade(name: str, revision: str = "head") -> None:
    """Migrate one database under a lock, so that replicas may start together."""
    config = Config(ALEMBIC_INI, ini_section=name)
    with db.engine(name).connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()


def main() -> None:
    """Create what is missing and migrate every database to its newest revision."""
    urls = settings().database_urls
    db.configure(urls)
    for name in db.BASES:
        if settings().database_url:
            create_database(urls[name])
        upgrade(name)
    with db.session(db.USERS) as session:
        ensure_roles(session)
    db.dispose()


if __name__ == "__main__":
    main()
