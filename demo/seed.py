"""`python -m demo.seed --service URL --cloudgene URL`: fill an empty platform with things to try.

An administrator with a random password, the simulated services with their panels, and datasets
that suit them. Prints the e-mail address and the password, a line each.
"""

import argparse
import asyncio
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from sqlmodel import select

from app.config import settings
from app.connectors.base import Endpoint
from app.connectors.client import open_client
from app.connectors.cloudgene import CloudgeneConnector
from app.connectors.offers import PanelOffer
from app.domain import (
    credentials,
    datasets,
    files,
    panel_changes,
    panel_sync,
    people,
    services,
    store,
)
from app.domain.access import ROLES, Actor
from app.domain.panel_changes import PanelFields
from app.domain.service_fields import ServiceFields
from app.domain.service_limits import Limits
from demo import dataset
from demo.cloudgene.settings import DAY, Settings
from demo.service_info import DESCRIPTION, NAME
from models import db
from models.files import Dataset, FileMetadata

EMAIL = "demo@example.org"
RECIPE = Path(__file__).parent / "recipe.json"


def add_administrator(password: str) -> Actor:
    """Make the demo account through a set-up link, as the first administrator of a lab does."""
    with db.session(db.USERS) as session:
        token = people.create_setup_token(session)
        if token is None:
            raise SystemExit("The demo needs an empty platform; this one has people already.")
        user = people.set_up(
            session, token=token, name="Demo account", email=EMAIL, password=password
        )
    return Actor(
        user_ref=user.ref, name=user.name, email=user.email, permissions=ROLES["administrator"]
    )


def add_service(actor: Actor, url: str) -> None:
    """Register the simulated service and its panel."""
    with db.session(db.REGISTRY) as session:
        added = services.add_service(
            session,
            actor=actor,
            fields=ServiceFields(
                name=NAME, description=DESCRIPTION, base_url=url, is_simulation=True
            ),
        )
        panel = dataset.simulate().panel
        samples, variants = panel.haplotypes.shape[0] // 2, panel.haplotypes.shape[1]
        panel_changes.upsert_panel(
            session,
            actor=actor,
            service_ref=added.ref,
            fields=PanelFields(
                panel_id="simulated",
                name="Simulated panel",
                description="Simulated people on a part of chromosome 20. For trying, not science.",
                population="simulated",
                build="GRCh38",
                sample_count=samples,
                variant_count=variants,
                recipe=json.loads(RECIPE.read_text()),
            ),
        )


def add_cloudgene(actor: Actor, url: str) -> None:
    """Register the simulated Cloudgene server with the panels that it offers, and a token."""
    with db.session(db.REGISTRY) as session:
        added = services.add_service(
            session,
            actor=actor,
            fields=ServiceFields(
                name=Settings.name,
                description="A simulated Cloudgene server, of Michigan's kind. Not for science.",
                api_type="cloudgene",
                base_url=url,
                is_simulation=True,
                limits=Limits(
                    min_samples=Settings.min_samples,
                    max_samples=Settings.max_samples,
                    max_concurrent_jobs=Settings.slots,
                    retention_days=int(Settings.retire_after / DAY),
                    max_downloads=Settings.max_downloads,
                ),
            ),
        )
    token = _cloudgene_token(url)
    offers = asyncio.run(_offers(url, token))
    with db.session(db.REGISTRY) as session:
        panel_sync.apply(session, actor=actor, service_ref=added.ref, offers=offers)
    with db.session(db.USERS) as session:
        credentials.set_token(session, actor=actor, service_ref=added.ref, token=token)


def _cloudgene_token(url: str) -> str:
    """Make an account at the simulated server, and an API token of it."""
    name, password = "demo", secrets.token_urlsafe(12)
    with httpx.Client(base_url=url) as client:
        account = {"username": name, "full-name": "Demo account", "mail": EMAIL}
        account |= {"new-password": password, "confirm-new-password": password}
        client.post("/api/v2/users/register", data=account).raise_for_status()
        login = client.post("/login", data={"username": name, "password": password})
        header = {"X-Auth-Token": login.raise_for_status().json()["access_token"]}
        made = client.post(f"/api/v2/users/{name}/api-token", headers=header)
        return str(made.raise_for_status().json()["token"])


async def _offers(url: str, token: str) -> Sequence[PanelOffer]:
    async with open_client() as client:
        return await CloudgeneConnector(client, Endpoint(url, token)).panels()


def add_datasets(actor: Actor) -> None:
    """Add the demo datasets, as if they had been uploaded; the worker reads them."""
    people_in = f"{dataset.SAMPLES} simulated people, {dataset.TYPED_VARIANTS} variants"
    with TemporaryDirectory() as folder:
        dataset.write(Path(folder))
        chromosomes = dataset.write_chromosomes(Path(folder))
        add_dataset(actor, "Demo genotypes", f"{people_in}.", [Path(folder) / "demo.vcf.gz"])
        add_dataset(
            actor, "Three chromosomes", f"{people_in} of each of three chromosomes.", chromosomes
        )


def add_dataset(actor: Actor, name: str, description: str, paths: Sequence[Path]) -> None:
    """Add one dataset with copies of these files."""
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=actor, name=name, description=description)
        for path in paths:
            file = files.add_file(
                session,
                kind=files.INPUT,
                owner_ref=actor.user_ref,
                name=path.name,
                content=store.ingest_path(path),
                dataset_id=session.exec(select(Dataset.id).where(Dataset.ref == ref)).one(),
            )
            session.add(FileMetadata(file_id=file.id or 0))


def main() -> None:
    """Fill the configured databases."""
    parser = argparse.ArgumentParser(prog="python -m demo.seed", description=__doc__)
    parser.add_argument("--service", required=True, help="base URL of the simulated WES service")
    parser.add_argument("--cloudgene", required=True, help="address of the simulated Cloudgene")
    options = parser.parse_args()
    db.configure(settings().database_urls)
    password = secrets.token_urlsafe(12)
    actor = add_administrator(password)
    add_service(actor, options.service)
    add_cloudgene(actor, options.cloudgene)
    add_datasets(actor)
    print(EMAIL)
    print(password)


if __name__ == "__main__":
    main()
