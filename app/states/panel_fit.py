"""Which panels' services would refuse the dataset that is chosen to be submitted."""

import reflex as rx

from app.domain.access import Actor
from app.domain.panels import list_panels
from app.domain.submission_checks import ChosenDataset, misfits_of
from app.states.calls import call
from models import db


class PanelFitState(rx.State):
    """What is said at each panel of the submit page, by the panel's ref."""

    misfits: dict[str, str] = {}


async def show_fit(state: PanelFitState, actor: Actor, dataset: ChosenDataset) -> None:
    """Compare the dataset with the limits of every panel's service."""
    rows = await call(db.REGISTRY, list_panels, actor=actor) if dataset.files else []
    said = {row.ref: " ".join(misfits_of(dataset.files, row)) for row in rows}
    state.misfits = {ref: text for ref, text in said.items() if text}
