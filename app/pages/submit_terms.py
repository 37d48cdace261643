"""In the last step of a submission: the terms that are not accepted yet, with a check box each.

Panels of a service with the very same terms share one.
"""

import reflex as rx

from app.components.frame import section
from app.components.terms import terms_wording
from app.states.submitting import SubmitState
from app.states.terms_item import TICK, TermsItem


def _terms(item: TermsItem) -> rx.Component:
    return rx.el.div(
        rx.heading(item.title, ", version ", item.version, as_="h3", size="2"),
        terms_wording(item.title, item.text, item.url),
        rx.el.label(
            rx.el.input(type="checkbox", name=TICK + item.ref, required=True),
            rx.text("I have read and accept the terms of ", item.title, size="2"),
            class_name="tick",
        ),
        class_name="stack",
        key=item.ref,
    )


def terms_step() -> rx.Component:
    """What must be accepted first; nothing where all of it is."""
    why = rx.text(
        "These services and panels have terms that you have not accepted yet. When you submit, it "
        "is kept that you accepted them, in which version, and when. That counts for all panels of "
        "a service that have the very same terms.",
        size="2",
        class_name="muted",
    )
    listed = rx.el.div(why, rx.foreach(SubmitState.terms, _terms), class_name="stack")
    return rx.cond(SubmitState.terms, section("What you agree to", listed))
