"""`python -m demo.seed --service URL`: fill an empty platform with something to try.

An administrator with a random password, the simulated service with its panel, and a dataset that
suits it. Prints the e-mail address and the password, a line each.
"""

import argparse
import json
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import select

from app.config import settings
from app.domain import datasets, files, panel_changes, people, services, store
from app.domain.access import ROLES, Actor
from app.domain.panel_changes import PanelFields
from app.domain.service_fields import ServiceFields
from demo import dataset
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


def add_dataset(actor: Actor) -> None:
    """Add the demo dataset, as if it had been uploaded; the worker reads it."""
    with TemporaryDirectory() as folder, db.session(db.FILES) as session:
        dataset.write(Path(folder))
        ref = datasets.create_dataset(
            session,
            actor=actor,
            name="Demo genotypes",
            description=f"{dataset.SAMPLES} simulated people, {dataset.TYPED_VARIANTS} variants.",
        )
        file = files.add_file(
            session,
            kind=files.INPUT,
            owner_ref=actor.user_ref,
            name="demo.vcf.gz",
            content=store.ingest_path(Path(folder) / "demo.vcf.gz"),
            dataset_id=session.exec(select(Dataset.id).where(Dataset.ref == ref)).one(),
        )
        session.add(FileMetadata(file_id=file.id or 0))


def main() -> None:
    """Fill the configured databases."""
    parser = argparse.ArgumentParser(prog="python -m demo.seed", description=__doc__)
    parser.add_argument("--service", required=True, help="base URL of the simulated service")
    options = parser.parse_args()
    db.configure(settings().database_urls)
    password = secrets.token_urlsafe(12)
    actor = add_administrator(password)
    add_service(actor, options.service)
    add_dataset(actor)
    print(EMAIL)
    print(password)


if __name__ == "__main__":
    main()
