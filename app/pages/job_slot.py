"""On a job's page: what the job waits for, and what is before it, live."""

import reflex as rx

from app.components.frame import section
from app.domain.access import Actor
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.slot_item import BeforeItem, before_items, slot_places


class JobSlotState(rx.State):
    """The place in line of the job in the URL; empty where it waits for no slot."""

    place: str = ""
    there: list[BeforeItem] = []
    before: list[BeforeItem] = []
    more: int = 0

    @guarded("job:read")
    async def load(self, actor: Actor) -> None:
        """Read where the job stands."""
        job_ref = route_argument(self, "job_ref")
        places, said = await slot_places(actor, [job_ref])
        self.place = said.get(job_ref, "")
        place = places.get(job_ref)
        self.there = before_items(place.there) if place else []
        self.before = before_items(place.before) if place else []
        self.more = place.count - len(place.before) if place else 0


def _job(item: BeforeItem) -> rx.Component:
    mine = rx.link(item["name"], href="/jobs/" + item["ref"], size="2")
    other = rx.text("A job of somebody else", size="2", class_name="muted")
    return rx.el.li(rx.cond(item["ref"], mine, other))


def _listed(title: str, items: rx.Var, *more: rx.Component) -> rx.Component:
    return rx.cond(
        items,
        rx.el.div(
            rx.heading(title, as_="h3", size="2"),
            rx.el.ul(rx.foreach(items, _job), *more, class_name="list"),
        ),
    )


def slot_section() -> rx.Component:
    """The section, while the job waits for a slot."""
    state = JobSlotState
    more = rx.cond(state.more > 0, rx.el.li(rx.text("and ", state.more, " more", size="2")))
    return rx.cond(
        state.place,
        section(
            "Waiting for a slot",
            rx.el.div(
                rx.text(state.place, size="2", role="status"),
                rx.el.div(
                    _listed("In the slots now", state.there),
                    _listed("Before it in line", state.before, more),
                    class_name="grid-2",
                ),
                class_name="stack",
            ),
        ),
    )
