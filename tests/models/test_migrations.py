"""Each of the seven databases can be built from nothing, matches its models, and be taken down."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url

from alembic import command
from app import migrate
from app.config import DATABASE_NAMES
from models import db


def test_every_database_of_the_configuration_has_tables_and_the_reverse() -> None:
    assert set(DATABASE_NAMES) == set(db.BASES)


def test_table_names_are_unique_across_the_seven_so_that_a_site_may_share_one_database() -> None:
    tables = [table for base in db.BASES.values() for table in base.metadata.tables]
    assert len(tables) == len(set(tables))


@pytest.mark.parametrize("name", DATABASE_NAMES)
def test_migrations_go_up_match_the_models_and_go_down(postgres: str, name: str) -> None:
    url = make_url(db.url_of(name)).set(database=f"migration_{name}")
    migrate.create_database(url.render_as_string(hide_password=False))
    engine = create_engine(url)
    config = Config(migrate.ALEMBIC_INI, ini_section=name)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        context = MigrationContext.configure(
            connection,
            opts={"version_table": f"alembic_version_{name}", "compare_type": True},
        )
        assert compare_metadata(context, db.BASES[name].metadata) == []
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == [f"alembic_version_{name}"]
        connection.commit()
    engine.dispose()


def test_pools_of_web_and_worker_together_stay_far_below_a_hundred_connections() -> None:
    assert len(db.BASES) * (db.POOL_SIZE + db.MAX_OVERFLOW) * 2 <= 60
