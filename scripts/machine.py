"""What one start needs of the machine: a data folder and a port of its own."""

import fcntl
import os
import socket
from pathlib import Path


def occupy(folder: Path) -> None:
    """Take the data folder for this process, or say who has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "launch.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 20).decode()
        raise SystemExit(
            f"The platform is running already on {folder} (process {owner}). "
            "Stop it first, or choose another folder with --data-dir."
        ) from None
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())


def refuse_taken_port(host: str, port: int) -> None:
    """Say so at once if another program listens on the port."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise SystemExit(
                f"Cannot listen on {host} port {port}: {error.strerror}. "
                "Choose another one with --port."
            ) from None


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
