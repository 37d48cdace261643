"""`python -m demo.cloudgene --port N --data DIR`: run a simulated Cloudgene server on loopback.

Secrets come from the environment, so that no process list shows them: FGIP_CLOUDGENE_ADMIN, the
password of the account `admin` (none without it), and FGIP_CLOUDGENE_CONTROL, the token for
failures on demand (off without it).
"""

import argparse
import os
from dataclasses import fields
from pathlib import Path

from starlette.types import ASGIApp

from demo.cloudgene.server import create_app
from demo.cloudgene.settings import Settings


def app_from_environment() -> ASGIApp:
    """Return the app for granian's worker process, which gets its settings as environment."""
    return create_app(
        Settings.from_text(os.environ["FGIP_CLOUDGENE_SETTINGS"]),
        control_token=os.environ.get("FGIP_CLOUDGENE_CONTROL", ""),
        administrator_password=os.environ.get("FGIP_CLOUDGENE_ADMIN", ""),
    )


def settings_from(options: argparse.Namespace) -> Settings:
    """Return the settings that the command line asks for."""
    given = {field.name: getattr(options, field.name, None) for field in fields(Settings)}
    given["url"] = options.url or f"http://{options.host}:{options.port}"
    given["data"] = str(options.data.resolve())
    return Settings(**{name: value for name, value in given.items() if value is not None})


def main() -> None:
    """Read the command line and serve until a signal ends it."""
    from granian.constants import Interfaces
    from granian.server import Server

    parser = argparse.ArgumentParser(prog="python -m demo.cloudgene", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument("--url", help="where clients reach it, if elsewhere")
    parser.add_argument("--data", type=Path, required=True, help="folder for everything kept")
    for name, what in {
        "delay": "seconds that each stage of a job lasts longer than its work",
        "slots": "jobs that a user may have at the server at once",
        "jobs-at-once": "jobs that run at once",
        "max-downloads": "how often a file may be fetched, -1 = for ever",
        "min-samples": "fewest samples of a job",
        "max-samples": "most samples of a job",
        "notify-after": "seconds from a job's end to the notice of its deletion",
        "retire-after": "seconds from a job's end to its deletion",
    }.items():
        kind = float if name in ("delay", "notify-after", "retire-after") else int
        parser.add_argument(f"--{name}", type=kind, help=what)
    parser.add_argument("--storage", choices=("local", "s3"), help="how results are sent")
    parser.add_argument("--send-mail", action="store_true", help="never say passwords in messages")
    parser.add_argument("--name", help="the server's name")
    options = parser.parse_args()
    os.environ["FGIP_CLOUDGENE_SETTINGS"] = settings_from(options).as_text()
    server = Server(
        "demo.cloudgene.__main__:app_from_environment",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
    )
    server.serve()


if __name__ == "__main__":
    main()
