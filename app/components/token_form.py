"""A form for a service's token: what is stored shows only its end, its date and its worth."""

from typing import Any

import reflex as rx

from app.components.frame import field
from app.components.moment import moment
from app.components.plain_form import plain_form
from app.components.token_verdict import token_verdict

QUIET = {
    "size": "1",
    "variant": "surface",
    "color_scheme": "gray",
    "high_contrast": True,
}


def token_form(
    service_ref: rx.Var[str],
    token: rx.Var[dict[str, str]],
    *,
    shared: bool,
    on_verify: Any,
) -> rx.Component:
    """Post a new token to `/api/services/{ref}/token`, or forget the stored one.

    `token` is a `TokenItem`; `on_verify` has the stored one verified again.
    """
    path = "/api/services/" + service_ref + "/token"
    kind = rx.el.input(type="hidden", name="shared", value=str(shared).lower(), read_only=True)
    verify = rx.cond(
        token["state"] != "unverified",
        rx.button("Verify it again", type="button", on_click=on_verify, **QUIET),
    )
    stored = rx.el.div(
        rx.el.div(
            rx.icon("key-round", size=16, aria_hidden="true"),
            rx.text(
                "A token is stored",
                rx.cond(token["last_four"], rx.fragment(", ending in ", _code(token))),
                ", ",
                moment(token["since"]),
                ".",
                size="2",
            ),
            verify,
            plain_form(
                kind, rx.button("Forget it", type="submit", **QUIET), action=path + "/forget"
            ),
            class_name="row",
        ),
        rx.el.div(token_verdict(token), role="status"),
        class_name="stack",
    )
    return rx.el.div(
        rx.cond(token["since"], stored),
        plain_form(
            kind,
            field(
                rx.cond(token["since"], "New token", "Token"),
                rx.input(
                    name="token",
                    type="password",
                    auto_complete="off",
                    required=True,
                    width="100%",
                ),
                hint="It is stored encrypted, sent to this service only, and never shown again.",
            ),
            rx.el.div(rx.button("Store the token", type="submit"), class_name="row"),
            action=path,
            class_name="stack",
        ),
        class_name="stack",
    )


def _code(token: rx.Var[dict[str, str]]) -> rx.Component:
    return rx.code(token["last_four"])
