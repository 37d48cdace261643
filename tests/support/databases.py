"""The seven databases as a test wants them at its start."""

from sqlalchemy import text

from app.domain.people import ensure_roles
from models import db


def empty_databases() -> None:
    """Remove every row but the built-in roles."""
    for name, base in db.BASES.items():
        tables = ", ".join(f'"{table}"' for table in base.metadata.tables)
        with db.engine(name).begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    with db.session(db.USERS) as session:
        ensure_roles(session)
