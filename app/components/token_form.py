"""A form for a service's token: what is stored shows only its end and its date."""

import reflex as rx

from app.components.frame import field
from app.components.moment import moment
from app.components.plain_form import plain_form


def token_form(
    service_ref: rx.Var[str], last_four: rx.Var[str], updated_at: rx.Var[str], *, shared: bool
) -> rx.Component:
    """Post a new token to `/api/services/{ref}/token`, or forget the stored one."""
    path = "/api/services/" + service_ref + "/token"
    kind = rx.el.input(type="hidden", name="shared", value=str(shared).lower(), read_only=True)
    stored = rx.el.div(
        rx.icon("key-round", size=16, aria_hidden="true"),
        rx.text(
            "A token is stored",
            rx.cond(last_four, rx.fragment(", ending in ", rx.code(last_four))),
            ", ",
            moment(updated_at),
            ".",
            size="2",
        ),
        plain_form(
            kind,
            rx.button(
                "Forget it",
                type="submit",
                size="1",
                variant="surface",
                color_scheme="gray",
                high_contrast=True,
            ),
            action=path + "/forget",
        ),
        class_name="row",
    )
    return rx.el.div(
        rx.cond(updated_at, stored),
        plain_form(
            kind,
            field(
                rx.cond(updated_at, "New token", "Token"),
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
