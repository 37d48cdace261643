"""What an event carries never reaches a log, not even when it cannot be handled."""

import asyncio
from pathlib import Path

import pytest

from tests.support.platform import start_web
from tests.support.socket import Tab

pytestmark = pytest.mark.usefixtures("databases")

LOAD = "reflex___state____state.app___states___session____session_state.load"


def test_a_log_names_an_unknown_event_and_keeps_cookie_and_payload_out(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    server = start_web(log=log)

    async def visit() -> None:
        async with Tab(server.url, cookies={"fgip_session": "COOKIE-CANARY"}) as tab:
            await tab.send("reflex___state____state.of_an_older_version", x="PAYLOAD-CANARY")
            await tab.send(LOAD, nonsense="PAYLOAD-CANARY")
            await tab.until_received("/sign-in")

    try:
        asyncio.run(visit())
    finally:
        server.stop()
    assert "of_an_older_version" in log.read_text()
    assert "CANARY" not in log.read_text()
