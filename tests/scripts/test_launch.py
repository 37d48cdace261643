"""One command starts everything, and Ctrl-C leaves nothing behind."""

import os
import signal
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.launcher import Platform, is_alive, launch, running, until
from tests.support.processes import free_port


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def failure_of(*options: str, **environment: str) -> str:
    """Return what a start that must fail says."""
    process = launch(*options, env=environment)
    said, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "Traceback" not in said
    return said.strip()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def make_administrator(platform: Platform) -> httpx.Response:
    """Use the set-up link as its page does."""
    assert platform.setup_link
    (token,) = parse_qs(urlsplit(platform.setup_link).query)["token"]
    return httpx.post(
        f"{platform.url}/auth/setup",
        data={
            "token": token,
            "name": "Ada",
            "email": "ada@example.org",
            "password": "correct horse battery staple",
        },
        headers={"Origin": platform.url},
    )


def test_the_setup_link_is_printed_until_it_made_an_administrator_and_then_never_again(
    folder: Path,
) -> None:
    with running(folder) as platform:
        assert platform.output.count("/setup?token=") == 1
        assert httpx.get(platform.url).status_code == 200
        answer = make_administrator(platform)
        assert answer.status_code == 303, answer.text
        assert "error" not in answer.headers["location"]
    with running(folder) as platform:
        assert platform.setup_link is None


def test_a_second_start_serves_the_page_without_building_it(folder: Path) -> None:
    with running(folder):
        pass
    with running(folder) as platform:
        assert "Building" not in platform.output
        assert httpx.get(platform.url).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_kin_end_every_process_and_postgresql(folder: Path, number: int) -> None:
    with running(folder) as platform:
        processes = [*platform.children(), platform.postgres()]
        assert len(processes) >= 3
        assert platform.send(number) == 0
    assert [process for process in processes if is_alive(process)] == []


def test_killing_the_launcher_ends_web_and_worker_and_the_next_start_finds_its_way(
    folder: Path,
) -> None:
    with running(folder) as platform:
        children, postgres = platform.children(), platform.postgres()
        platform.send(signal.SIGKILL)
        until(lambda: not any(map(is_alive, children)), "the children's end")
    with running(folder) as platform:
        assert httpx.get(platform.url).status_code == 200
        assert platform.send(signal.SIGINT) == 0
    assert not is_alive(postgres)


def test_a_worker_that_crashes_is_started_again(folder: Path) -> None:
    with running(folder) as platform:
        until(lambda: bool(platform.children("workers")), "the worker's start")
        worker = platform.children("workers")[0]
        worker.kill()
        platform.read_until("The worker ended (SIGKILL); it is started again in 1 s.")
        until(lambda: bool(platform.children("workers")), "the worker's second start")
        assert httpx.get(platform.url).status_code == 200


def test_a_postgresql_that_was_killed_is_started_again_and_the_platform_goes_on(
    folder: Path,
) -> None:
    with running(folder) as platform:
        platform.postgres().kill()
        platform.read_until("PostgreSQL had ended; it is started again.")
        assert make_administrator(platform).status_code == 303


def test_a_database_that_cannot_be_reached_is_named_with_its_setting_and_without_its_password(
    folder: Path,
) -> None:
    said = failure_of(
        "--data-dir",
        str(folder),
        FGIP_DATABASE_URL="postgresql://lab:geheim@127.0.0.1:9",
        FGIP_PORT="0",
    )
    assert "The database federated_imputation cannot be used" in said
    assert "Connection refused" in said
    assert "Check FGIP_DATABASE_URL" in said
    assert "geheim" not in said


def test_a_url_of_another_kind_of_database_is_refused_with_an_example(folder: Path) -> None:
    said = failure_of("--data-dir", str(folder), FGIP_DATABASE_URL="mysql://a:geheim@b/c")
    assert "FGIP_DATABASE_URL is not the URL of a PostgreSQL server" in said
    assert "postgresql://user:password@host:5432" in said
    assert "geheim" not in said


def test_each_part_runs_on_its_own_with_a_configured_database(
    databases: None, folder: Path
) -> None:
    configured = {"FGIP_DATABASE_URL": os.environ["FGIP_DATABASE_URL"]}
    migrate = launch("migrate", "--data-dir", str(folder), env=configured)
    assert "/setup?token=" in migrate.communicate(timeout=60)[0]

    port = free_port()
    for part in ("web", "worker"):
        options = (part, "--data-dir", str(folder), "--port", str(port))
        process = launch(*options, env=configured)
        if part == "web":
            until(lambda: answers(f"http://127.0.0.1:{port}/livez"), "the web process")
        else:
            assert process.stdout is not None
            assert "worker started" in process.stdout.readline()
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_a_part_on_its_own_says_that_it_needs_a_database(folder: Path) -> None:
    assert "Set FGIP_DATABASE_URL" in failure_of("web", "--data-dir", str(folder))


def test_a_port_that_is_taken_is_said_at_once(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = failure_of("--data-dir", str(folder), "--port", str(port))
    assert f"Cannot listen on 127.0.0.1 port {port}" in said
    assert "--port" in said


def test_a_data_folder_serves_one_platform_at_a_time(folder: Path) -> None:
    with running(folder) as platform:
        said = failure_of("--data-dir", str(folder), "--port", "0")
        assert f"The platform is running already on {folder}" in said
        assert str(platform.process.pid) in said


def test_a_setting_that_makes_no_sense_is_named(folder: Path) -> None:
    assert "FGIP_PORT: " in failure_of("--data-dir", str(folder), "--port", "eighty")
