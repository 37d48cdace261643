"""Adding a service: beginning with one that is publicly known."""

from typing import Any

import reflex as rx

from app.components.frame import notice, section
from app.domain.known_services import KNOWN, RETIRED, KnownService


def told_of(known: KnownService) -> str:
    """Where what is known of a service comes from, and what else to know of it."""
    limits = (
        f"Limits as of {known.as_of:%B %Y}: confirm them with the service."
        if known.limits
        else "No limits of it are known here."
    )
    address = "" if known.base_url else "Its address is not known here for sure: enter it."
    return " ".join(filter(None, (f"From {known.source}.", limits, known.note, address)))


def known_services(start_from: Any, note: rx.Var[str]) -> rx.Component:
    """The choice of a known service, what to know of the chosen one, and which are no more."""
    items = [rx.select.item(known.name, value=known.key) for known in KNOWN]
    choice = rx.select.root(
        rx.select.trigger(placeholder="Choose one…", aria_label="Start from a known service"),
        rx.select.content(*items),
        on_change=start_from,
    )
    gone = rx.el.details(
        rx.el.summary("Services that are no more", class_name="summary"),
        rx.el.ul(
            *[
                rx.el.li(rx.text(f"{one.name} ({one.base_url}): {one.reason}", size="2"))
                for one in RETIRED
            ],
            class_name="change-details",
        ),
    )
    return section(
        "Start from a known service",
        rx.el.div(
            rx.text(
                "It fills in the form below; test the address and confirm the limits, then save.",
                size="2",
                class_name="muted",
            ),
            rx.el.div(choice, class_name="row"),
            rx.cond(note, notice(note)),
            gone,
            class_name="stack",
        ),
    )
