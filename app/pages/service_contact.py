"""On a service's page: that the worker leaves it alone for a while, and since when."""

import reflex as rx

from app.components.frame import notice
from app.components.moment import moment
from app.domain import service_contacts
from app.domain.access import Actor
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import iso
from app.states.session import SessionState
from models import db


class ServiceContactState(rx.State):
    """How the worker gets on with the service in the URL; empty where nothing is wrong."""

    lost_since: str = ""
    next_try: str = ""
    problem: str = ""

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read what keeps the worker from the service."""
        service_ref = route_argument(self, "service_ref")
        contact = await call(
            db.JOBS, service_contacts.contact_of, actor=actor, service_ref=service_ref
        )
        self.lost_since = iso(contact.lost_at) if contact else ""
        self.next_try = iso(contact.retry_at) if contact else ""
        self.problem = contact.error_message if contact else ""

    @guarded("service:write")
    async def try_now(self, actor: Actor) -> rx.event.EventSpec:
        """Let one job try at once."""
        service_ref = route_argument(self, "service_ref")
        await call(db.JOBS, service_contacts.try_now, actor=actor, service_ref=service_ref)
        return rx.toast.info("The next job of this service that is due tries at once.")


def contact_notice() -> rx.Component:
    """Say since when contact is lost and when it is tried again, if so."""
    since = rx.cond(
        ServiceContactState.lost_since,
        rx.fragment("The worker lost contact ", moment(ServiceContactState.lost_since)),
        "The service asks the worker to wait",
    )
    text = rx.fragment(
        since,
        "; next try ",
        moment(ServiceContactState.next_try),
        ". ",
        ServiceContactState.problem,
        " Jobs keep their status and wait.",
    )
    button = rx.button(
        "Try now",
        on_click=ServiceContactState.try_now,
        size="1",
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
    )
    return rx.cond(
        ServiceContactState.next_try,
        rx.el.div(
            notice(text, color="amber", icon="unplug"),
            rx.cond(SessionState.permissions.contains("service:write"), button),
            class_name="stack",
        ),
    )
