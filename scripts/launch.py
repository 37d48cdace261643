"""Start the platform: everything on one machine, or one part of it.

scripts/run                     PostgreSQL (unless a URL is configured), migrations, web, worker
scripts/run --demo              the same on a throw-away data folder, with something to try
scripts/run web|worker|migrate  one part, for a site that runs each on its own
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from app.config import DATABASE_NAMES, Settings
from models import embedded
from scripts import ROOT, frontend
from scripts.machine import free_port, occupy, refuse_taken_port
from scripts.processes import Child, Supervisor, die_with_parent

PARTS = {"web": "scripts.web", "worker": "workers", "migrate": "scripts.prepare"}
# The simulated services, and where each answers.
DEMO_SERVICES = {"demo": "/ga4gh/wes/v1/service-info", "demo.cloudgene": "/api/v2/server"}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=["all", *PARTS], default="all")
    parser.add_argument("--demo", action="store_true", help="try it: nothing is kept")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (8000)")
    parser.add_argument("--data-dir", type=Path, help="folder for everything that is kept (.data)")
    return parser.parse_args()


def python(module: str, *options: str) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", module, *options]


def configure(options: argparse.Namespace) -> Settings:
    """Join the command line with the environment, for this process and its children."""
    for name in ("host", "port", "data_dir"):
        if value := getattr(options, name):
            os.environ[f"FGIP_{name.upper()}"] = str(value)
    # Fewer malloc arenas: threads that wait for a database need none of their own.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        chosen = Settings()
    except ValidationError as error:
        raise SystemExit(
            "\n".join(
                f"FGIP_{str(problem['loc'][0]).upper()}: {problem['msg']}, not {problem['input']!r}"
                for problem in error.errors()
            )
        ) from None
    if "public_url" not in chosen.model_fields_set:
        os.environ["FGIP_PUBLIC_URL"] = f"http://127.0.0.1:{chosen.port}"
    os.environ["FGIP_DATA_DIR"] = str(chosen.data_dir.resolve())
    return Settings()


def said_by(command: list[str]) -> str:
    """Run one of our modules to its end and return what it prints; end with it if it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=die_with_parent,
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout.strip()


async def serve(chosen: Settings, invitation: list[str], *, demo: bool) -> None:
    """Keep web and worker running until Ctrl-C or SIGTERM.

    `invitation` are the lines that tell the first person how to get in.
    """
    supervisor = Supervisor()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stopping.set)
    watch = asyncio.create_task(watch_postgres(chosen))
    try:
        if demo:
            invitation = await demonstrate(supervisor, chosen)
        supervisor.start(Child("web process", python("scripts.web")))
        supervisor.start(Child("worker", python("workers")))
        await supervisor.until_it_answers("web process", visited(chosen.host), chosen.port, "/")
        if not supervisor.stopping.is_set():
            welcome(chosen, invitation)
        await supervisor.stopping.wait()
        print("\nStopping.", flush=True)
    finally:
        await supervisor.stop()
        watch.cancel()


async def watch_postgres(chosen: Settings) -> None:
    """Start the embedded PostgreSQL again whenever it has died; web and worker find it again."""
    while chosen.needs_embedded_postgres:
        await asyncio.sleep(1)
        with suppress(subprocess.SubprocessError):
            if await asyncio.to_thread(embedded.revive, chosen.data_dir / "postgres"):
                print("PostgreSQL had ended; it is started again.", flush=True)


async def demonstrate(supervisor: Supervisor, chosen: Settings) -> list[str]:
    """Start the simulated services and fill the platform with something to try."""
    urls = []
    for module, path in DEMO_SERVICES.items():
        port, data = free_port(), chosen.data_dir / module
        command = python(module, "--port", str(port), "--data", str(data))
        supervisor.start(Child(f"{module} service", command))
        await supervisor.until_it_answers(f"{module} service", "127.0.0.1", port, path)
        if supervisor.stopping.is_set():
            return []
        urls.append(f"http://127.0.0.1:{port}")
    wes, cloudgene = urls
    said = said_by(
        python("demo.seed", "--service", f"{wes}/ga4gh/wes/v1", "--cloudgene", cloudgene)
    )
    email, password = said.splitlines()
    return [
        "This is a demonstration: nothing is kept, and its imputation services are simulations.",
        f"Sign in at {chosen.public_url}/sign-in with",
        f"    e-mail    {email}",
        f"    password  {password}",
        "Then choose Submit, the dataset “Demo genotypes”, and “Simulated panel”; or the dataset",
        "“Three chromosomes” and a panel of the Cloudgene server, which is of Michigan's kind.",
    ]


def visited(host: str) -> str:
    """Return the address at which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)


def welcome(chosen: Settings, invitation: list[str]) -> None:
    """Say where the platform is, and how the first person gets in."""
    lines = ["", f"The platform is at {chosen.public_url}"]
    if visited(chosen.host) != chosen.host and len(chosen.allowed_origins) > 1:
        lines += [
            f"Other machines reach port {chosen.port}, but pages work only at that address:",
            "set FGIP_PUBLIC_URL to the one that people type.",
        ]
    if invitation:
        lines += ["", *invitation]
    print("\n".join([*lines, "", "Ctrl-C stops everything."]), flush=True)


def forget_databases() -> None:
    """Make sure that a demonstration never touches a configured database."""
    for name in ("database", *DATABASE_NAMES):
        os.environ[f"FGIP_{name.upper()}_URL"] = ""


def everything(options: argparse.Namespace) -> None:
    """Start PostgreSQL, migrate, and serve until told to stop; leave no process behind."""
    with ExitStack() as undo:
        if options.demo:
            options.data_dir = undo.enter_context(TemporaryDirectory(prefix="fgip-demo-"))
            forget_databases()
        chosen = configure(options)
        refuse_taken_port(chosen.host, chosen.port)
        occupy(chosen.data_dir)
        frontend.build()
        if chosen.needs_embedded_postgres:
            folder = chosen.data_dir / "postgres"
            os.environ["FGIP_DATABASE_URL"] = embedded.start(folder)
            undo.callback(embedded.stop, folder)
        link = said_by(python("scripts.prepare")).strip()
        invitation = ["Make the first administrator with this link; it works once:", link]
        asyncio.run(serve(chosen, invitation if link else [], demo=options.demo))
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    """Start what the command line asks for."""
    options = arguments()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: sys.exit(130))
    if options.part == "all":
        everything(options)
    else:
        if configure(options).needs_embedded_postgres:
            raise SystemExit(
                f"Set FGIP_DATABASE_URL: “{options.part}” alone brings no PostgreSQL with it."
            )
        os.execv(sys.executable, python(PARTS[options.part]))


if __name__ == "__main__":
    main()
