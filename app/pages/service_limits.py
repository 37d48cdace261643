"""On a service's page: what is known to be different there, for those who submit to it."""

import reflex as rx

from app.components.conformance import limits_list
from app.components.frame import section
from app.domain.access import Actor
from app.states.conformance_item import limit_texts
from app.states.guard import guarded
from app.states.limits import limits_of
from app.states.route import route_argument


class ServiceLimitsState(rx.State):
    """The limits of the service in the URL."""

    limits: list[str] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read what a person should know before submitting there."""
        service_ref = route_argument(self, "service_ref")
        limits = await limits_of(actor, [service_ref])
        self.limits = limit_texts(limits.get(service_ref, []))


def limits_section() -> rx.Component:
    """The section, where there is anything to say."""
    return rx.cond(
        ServiceLimitsState.limits,
        section("Good to know before you submit", limits_list(ServiceLimitsState.limits)),
    )
