"""The web process: pages, event socket and API on one port. It needs neither node nor npm."""

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from reflex_base.constants import Env
from reflex_base.environment import environment

from app.config import settings
from scripts import frontend


def main() -> None:
    """Serve the built pages until SIGTERM, then let lifespan tasks clean up.

    One process serves: with more, the tabs' state would have to live in Redis.
    """
    if not frontend.CLIENT.exists():
        raise SystemExit("The pages are not built: run scripts/run, or python -m scripts.frontend")
    environment.REFLEX_ENV_MODE.set(Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    Granian(
        "app.app:app",
        address=settings().host,
        port=settings().port,
        interface=Interfaces.ASGI,
        factory=True,
        log_level=LogLevels.warning,
        workers_kill_timeout=10,
    ).serve()


if __name__ == "__main__":
    main()
