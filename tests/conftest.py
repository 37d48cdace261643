"""Real parts for every test: an embedded PostgreSQL with the seven databases, migrated."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The test run plays the same short games each time; `--hypothesis-profile=long` plays new ones.
settings.register_profile(
    "long",
    max_examples=3000,
    stateful_step_count=80,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)

# A test never sees the installation of the person who runs it.
for name in [name for name in os.environ if name.startswith("FGIP_")]:
    if name != "FGIP_PEERS_DIR":
        del os.environ[name]


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """A private data folder for the whole run (short, because it holds a socket)."""
    with tempfile.TemporaryDirectory(prefix="fgip-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[str]:
    """An embedded PostgreSQL's base URL, with the seven databases migrated and configured."""
    from models import embedded

    os.environ["FGIP_DATA_DIR"] = str(data_dir)
    os.environ["FGIP_DATABASE_URL"] = embedded.start(data_dir / "postgres")
    from app import migrate
    from app.config import settings
    from models import db
    from tests.support.databases import write_without_waiting

    settings.cache_clear()
    migrate.main()
    db.configure(settings().database_urls)
    write_without_waiting()
    yield os.environ["FGIP_DATABASE_URL"]
    db.dispose()


@pytest.fixture
def databases(postgres: str) -> Iterator[None]:
    """The seven databases, empty at the start of the test."""
    from tests.support.databases import empty_databases

    empty_databases()
    yield
