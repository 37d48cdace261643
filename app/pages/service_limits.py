"""On a service's page: the limits that it sets, and what is known to be different there."""

import reflex as rx

from app.components.conformance import limits_list
from app.components.frame import section
from app.components.limit_list import limit_list
from app.domain.access import Actor
from app.domain.services import get_service
from app.states.calls import call
from app.states.conformance_item import limit_texts
from app.states.guard import guarded
from app.states.limits import limits_of
from app.states.route import route_argument
from app.states.service_limit_item import LimitItem, limit_items
from models import db


class ServiceLimitsState(rx.State):
    """The limits of the service in the URL."""

    stated: list[LimitItem] = []
    limits: list[str] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read what a person should know before submitting there."""
        service_ref = route_argument(self, "service_ref")
        limits = await limits_of(actor, [service_ref])
        self.limits = limit_texts(limits.get(service_ref, []))
        row = await call(db.REGISTRY, get_service, actor=actor, service_ref=service_ref)
        self.stated = limit_items(row)


def limits_section() -> rx.Component:
    """The sections, where there is anything to say."""
    return rx.fragment(
        rx.cond(
            ServiceLimitsState.stated,
            section("Limits", limit_list(ServiceLimitsState.stated)),
        ),
        rx.cond(
            ServiceLimitsState.limits,
            section("Good to know before you submit", limits_list(ServiceLimitsState.limits)),
        ),
    )
