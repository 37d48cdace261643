"""`scripts/run --demo` gives a newcomer something to try, and leaves nothing of it."""

import re
import signal
from pathlib import Path

import httpx

from tests.support.launcher import Platform, is_alive, running


def folder_of(platform: Platform) -> Path:
    """Find the throw-away folder, which the demo service was told."""
    (command, *_) = [child.cmdline() for child in platform.children("demo")]
    return Path(command[command.index("--data") + 1]).parent


def sign_in(platform: Platform) -> httpx.Response:
    """Sign in with what the terminal shows."""
    found = re.search(r"e-mail +(\S+)\s+password +(\S+)", platform.output)
    assert found, platform.output
    return httpx.post(
        f"{platform.url}/auth/sign-in",
        data={"email": found[1], "password": found[2]},
        headers={"Origin": platform.url},
    )


def test_the_demo_signs_in_with_what_it_printed_and_cleans_up(tmp_path: Path) -> None:
    # It would fail at once if it touched a configured database.
    configured = {"FGIP_DATABASE_URL": "postgresql://lab@127.0.0.1:9"}
    with running(tmp_path, "--demo", environment=configured) as platform:
        assert "simulation" in platform.output
        assert platform.children("demo.cloudgene")
        assert "/setup?token=" not in platform.output
        answer = sign_in(platform)
        assert "fgip_session" in answer.headers.get("set-cookie", ""), answer.headers
        folder, processes = folder_of(platform), platform.children()
        assert (folder / "store").is_dir()
        assert platform.send(signal.SIGINT) == 0
    assert not folder.exists()
    assert not any(map(is_alive, processes))
