"""Finding a service by its ref, for the functions that act on one."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import NotFound
from models.registry import ImputationService


def service_of(session: Session, service_ref: str, *, lock: bool = False) -> ImputationService:
    """A service's row, retired or not, locked until the transaction ends if so wished.

    Raises `NotFound`.
    """
    query = select(ImputationService).where(ImputationService.ref == service_ref)
    service = session.exec(query.with_for_update() if lock else query).first()
    if service is None:
        raise NotFound("service")
    return service


def service_id_of(session: Session, service_ref: str) -> int:
    """A service's id; raises `NotFound`."""
    found = session.exec(
        select(ImputationService.id).where(ImputationService.ref == service_ref)
    ).first()
    if found is None:
        raise NotFound("service")
    return found


def service_names(session: Session, *, actor: Actor, service_refs: Sequence[str]) -> dict[str, str]:
    """The names of services by their refs, retired or not."""
    require(actor, "service:read")
    found = session.exec(
        select(ImputationService.ref, ImputationService.name).where(
            col(ImputationService.ref).in_(service_refs)
        )
    )
    return dict(found.all())
