"""`python -m demo --port N --data DIR`: run the simulated imputation service on loopback.

Its optional bearer token comes from FGIP_DEMO_TOKEN, so that no process list shows it.
"""

import argparse
import os
from pathlib import Path

from starlette.applications import Starlette

from demo.server import create_app


def app_from_environment() -> Starlette:
    """Return the app for granian's worker process, which gets its settings as environment."""
    return create_app(
        Path(os.environ["FGIP_DEMO_DATA"]),
        token=os.environ.get("FGIP_DEMO_TOKEN", ""),
        delay=float(os.environ["FGIP_DEMO_DELAY"]),
    )


def main() -> None:
    """Read the command line and serve until a signal ends it."""
    from granian.constants import Interfaces
    from granian.server import Server

    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the runs")
    parser.add_argument(
        "--delay", type=float, default=1.0, help="seconds that a run is queued, and initialising"
    )
    options = parser.parse_args()
    os.environ["FGIP_DEMO_DATA"] = str(options.data.resolve())
    os.environ["FGIP_DEMO_DELAY"] = str(options.delay)
    server = Server(
        "demo.__main__:app_from_environment",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
    )
    server.serve()


if __name__ == "__main__":
    main()
