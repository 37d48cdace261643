"""Bring the seven databases up to date: `python -m app.migrate`."""

from pathlib import Path

from alembic.config import Config
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from alembic import command
from app.config import settings
from app.domain.people import ensure_roles
from models import db
from models.waiting import at_most

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
    # Nobody knows how long a change of a large table takes, or another replica's.
    with at_most(None), db.engine(name).connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()


def main() -> None:
    """Create what is missing and migrate every database to its newest revision.

    Ends the process with a sentence for the operator where a database cannot be used.
    """
    urls = settings().database_urls
    db.configure(urls)
    for name in db.BASES:
        own = bool(settings().own_url_of(name))
        setting = f"FGIP_{name.upper()}_URL" if own else "FGIP_DATABASE_URL"
        refuse_foreign_url(urls[name], setting)
        try:
            if not own:
                create_database(urls[name])
            upgrade(name)
        except OperationalError as error:
            raise SystemExit(unusable(urls[name], error, setting)) from None
    with db.session(db.USERS) as session:
        ensure_roles(session)
    db.dispose()


def refuse_foreign_url(url: str, setting: str) -> None:
    """End the process with a sentence unless the URL is one of a PostgreSQL database."""
    try:
        is_postgres = make_url(url).get_backend_name() == "postgresql"
    except (ArgumentError, ValueError):
        is_postgres = False
    if not is_postgres:
        raise SystemExit(
            f"{setting} is not the URL of a PostgreSQL server. "
            "It looks like postgresql://user:password@host:5432"
        )


def unusable(url: str, error: OperationalError, setting: str) -> str:
    """Say which database cannot be used, why, and what to look at; never its password."""
    target = make_url(url)
    cause = str(error.orig).strip().splitlines()[0].strip()
    return (
        f"The database {target.database} cannot be used: {cause}.\n"
        f"Check {setting}, that the server at {target.host or 'the local socket'} runs, "
        f"and that it lets the user {target.username or '(none)'} in."
    )


if __name__ == "__main__":
    main()
