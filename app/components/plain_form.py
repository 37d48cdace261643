"""A form that the browser itself posts; Reflex's own form always sends an event instead."""

from typing import Any, ClassVar

import reflex as rx


class PlainForm(rx.Component):
    """An HTML form element."""

    tag = "form"
    # As Reflex's own HTML elements say it: a name that needs no import.
    _is_tag_in_global_scope: ClassVar[bool] = True

    action: rx.Var[str]
    method: rx.Var[str]
    target: rx.Var[str]


def plain_form(*content: rx.Component, action: str, **props: Any) -> rx.Component:
    """Post the fields inside to a route of ours, so that no secret travels in an event."""
    return PlainForm.create(*content, action=action, method="post", **props)
