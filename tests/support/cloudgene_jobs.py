"""A job for the simulated Cloudgene server, with a panel that the server describes itself."""

import asyncio
from pathlib import Path

from sqlmodel import select

from app.connectors.base import Endpoint
from app.connectors.client import open_client
from app.connectors.cloudgene import CloudgeneConnector
from app.connectors.offers import PanelOffer
from app.domain import credentials
from app.domain.panel_recipes import recipe_of
from models import db
from models.registry import ImputationService
from tests.support.cloudgene import SMALL_PANEL, Cloudgene, small_files
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, submit_to


def submit_small(cloudgene: Cloudgene, folder: Path) -> str:
    """Submit Ada's job for the small panel, with a token of hers; it waits to be sent."""
    token = cloudgene.token_for("ada")
    recipe = recipe_of(asyncio.run(_small_panel(cloudgene.url, token)))
    panel_ref = add_panel(cloudgene.url, recipe=recipe, api_type="cloudgene")
    with db.session(db.REGISTRY) as session:
        service_ref = session.exec(select(ImputationService.ref)).one()
    with db.session(db.USERS) as session:
        credentials.set_token(session, actor=actor(), service_ref=service_ref, token=token)
    file = small_files()[0]
    dataset = add_dataset(folder, actor(), name=file.name, content=file.read_bytes())
    chosen = {"build": "hg38", "phasing": "no_phasing", "population": "all"}
    return submit_to(panel_ref, dataset, parameters=chosen)


async def _small_panel(url: str, token: str) -> PanelOffer:
    async with open_client(request_timeout=30) as client:
        offers = await CloudgeneConnector(client, Endpoint(url, token)).panels()
    return next(offer for offer in offers if offer.panel_id == SMALL_PANEL)
