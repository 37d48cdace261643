"""The demo service as a test sees it: started as a person would start it, on loopback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.peers import Peer
from tests.support.processes import ROOT, free_port, running


@contextmanager
def demo_service(folder: Path, *, token: str = "", delay: float = 0.1) -> Iterator[Peer]:
    """Run `python -m demo` with its data in `folder`."""
    port = free_port()
    command = [sys.executable, "-m", "demo", "--port", str(port)]
    command += ["--data", str(folder / "data"), "--delay", str(delay)]
    url = f"http://127.0.0.1:{port}/ga4gh/wes/v1"
    environment = {"PYTHONPATH": str(ROOT), "FGIP_DEMO_TOKEN": token, "HOME": os.environ["HOME"]}
    with running(command, folder=folder, answers_at=f"{url}/service-info", environment=environment):
        yield Peer("demo", url, folder)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The demo service without a token, for the whole test run."""
    with demo_service(tmp_path_factory.mktemp("demo-service")) as peer:
        yield peer
