"""On a service's page: its terms and those of its panels, and when the reader accepted them."""

import reflex as rx

from app.components.frame import section
from app.components.moment import exact_moment
from app.components.status import badge
from app.components.terms import terms_wording
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.terms import current_terms
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.terms_item import TermsItem, accepted_of, grouped
from models import db


class ServiceTermsState(rx.State):
    """The terms in force of the service in the URL and of its panels."""

    terms: list[TermsItem] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the terms, and when the reader accepted them."""
        service_ref = route_argument(self, "service_ref")
        try:
            found = await call(db.REGISTRY, current_terms, actor=actor, service_ref=service_ref)
        except NotFound:
            self.terms = []
            return
        known = await accepted_of(actor, found)
        self.terms = grouped(found, known)


def _terms(item: TermsItem) -> rx.Component:
    accepted = rx.fragment(
        badge("Accepted by you", "green", "circle-check"), exact_moment(item.accepted_at)
    )
    return rx.el.div(
        rx.heading(item.title, ", version ", item.version, as_="h3", size="2"),
        rx.el.div(
            rx.cond(item.accepted_at, accepted, badge("Not accepted by you yet", "gray", "circle")),
            class_name="row",
        ),
        terms_wording(item.title, item.text, item.url),
        class_name="stack",
        key=item.ref,
    )


def terms_section() -> rx.Component:
    """The terms that are asked for at a submission; nothing where there are none."""
    why = rx.text(
        "You are asked to accept them when you first submit there.", size="2", class_name="muted"
    )
    listed = rx.el.div(why, rx.foreach(ServiceTermsState.terms, _terms), class_name="stack")
    return rx.cond(ServiceTermsState.terms, section("Terms", listed))
