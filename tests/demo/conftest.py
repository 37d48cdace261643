"""Servers that all tests of the simulations share."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support import cloudgene
from tests.support.cloudgene import PANEL, Cloudgene, chromosome_files, form
from tests.support.cloudgene_client import PASSWORD, ended, submitted
from tests.support.demo_service import demo

__all__ = ["demo"]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    folder = tmp_path_factory.mktemp("cloudgene")
    with cloudgene.running(folder, slots=50) as running:
        yield running


@pytest.fixture(scope="package")
def ann(server: Cloudgene) -> httpx.Client:
    return server.client(server.token_for("ann"))


@pytest.fixture(scope="package")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    """A server that runs one job at a time, two of each user, and keeps results in storage."""
    folder = tmp_path_factory.mktemp("narrow")
    with cloudgene.running(folder, jobs_at_once=1, storage="s3") as running:
        yield running


@pytest.fixture(scope="package")
def done(server: Cloudgene) -> dict[str, Any]:
    """A job of two chromosomes that has succeeded."""
    client = server.client(server.token_for("dora"))
    values = form(PANEL, password=PASSWORD, meta="true") | {"job-name": "two <chromosomes>"}
    return ended(client, submitted(client, chromosome_files()[:2], **values))
