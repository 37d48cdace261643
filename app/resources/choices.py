"""What filters and forms offer to choose from, where that is not the same for ever."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session, col, func, select

from app.domain.access import Actor
from models import db
from models.registry import ImputationService, ReferencePanel


def values_in(column: Any) -> Callable[[Session, Actor], Mapping[str, str]]:
    """What reads the different values of an indexed column, in one step of its index for each."""

    def read(session: Session, actor: Actor) -> Mapping[str, str]:
        least = select(func.min(column).label("value")).cte(recursive=True)
        after = select(func.min(column)).where(column > least.c.value).scalar_subquery()
        steps = least.union_all(select(after).where(least.c.value.is_not(None)))
        found = session.execute(select(steps.c.value).where(steps.c.value != "")).scalars()
        return {value: value for value in found}

    return read


def services(session: Session, actor: Actor) -> Mapping[str, str]:
    """Every service that there is or was, by name."""
    query = select(ImputationService.ref, ImputationService.name)
    with db.session(db.REGISTRY) as registry:
        return dict(registry.exec(query.order_by(ImputationService.name)).all())


def panels(session: Session, actor: Actor) -> Mapping[str, str]:
    """Every panel that there is or was, by its service and name."""
    return _panels()


def panels_in_use(session: Session, actor: Actor) -> Mapping[str, str]:
    """The panels that a job can be sent to."""
    return _panels(
        col(ReferencePanel.retired_at).is_(None),
        col(ReferencePanel.is_active),
        col(ImputationService.retired_at).is_(None),
        col(ImputationService.is_active),
    )


def _panels(*conditions: Any) -> Mapping[str, str]:
    query = (
        select(ReferencePanel.ref, ReferencePanel.name, ImputationService.name)
        .join(ImputationService, col(ImputationService.id) == ReferencePanel.service_id)
        .where(*conditions)
        .order_by(ImputationService.name, ReferencePanel.name)
    )
    with db.session(db.REGISTRY) as registry:
        return {ref: f"{panel} at {service}" for ref, panel, service in registry.exec(query)}
