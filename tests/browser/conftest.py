"""A real Chromium against the platform's own processes."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.platform import start_web, start_worker
from tests.support.servers import Server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web(postgres: str) -> Iterator[Server]:
    server = start_web()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def worker(postgres: str) -> Iterator[Server]:
    server = start_worker()
    yield server
    server.stop()
