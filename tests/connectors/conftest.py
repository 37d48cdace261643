import pytest

from tests.support.peers import sapporo, toil

__all__ = ["sapporo", "toil"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
