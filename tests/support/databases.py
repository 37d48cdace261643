"""The seven databases as a test wants them at its start."""

from sqlalchemy import text

from app.domain.people import ensure_roles
from models import db


def empty_databases() -> None:
    """Remove every row but the built-in roles. DELETE, because TRUNCATE takes far longer here."""
    for name, base in db.BASES.items():
        with db.engine(name).begin() as connection:
            for table in reversed(base.metadata.sorted_tables):
                connection.execute(table.delete())
    with db.session(db.USERS) as session:
        ensure_roles(session)


def write_without_waiting() -> None:
    """Spare the disk: what a test's PostgreSQL holds need not survive a power cut."""
    engine = db.engine(db.USERS).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
