"""One environment for seven histories; the ini section's name is the database's name."""

from alembic import context
from app.config import settings
from models import db

name = context.config.config_ini_section
metadata = db.BASES[name].metadata


def own_tables(object_name: str | None, kind: str, parents: dict) -> bool:
    """Leave alone what is not ours, where a site keeps several databases in one."""
    return kind != "table" or object_name in metadata.tables


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        include_name=own_tables,
        version_table=f"alembic_version_{name}",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    db.configure(settings().database_urls)
    with db.engine(name).connect() as connection:
        run(connection)
        connection.commit()
