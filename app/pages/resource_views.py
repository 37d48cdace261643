"""A person's saved views above a list: to go to, and to keep, name and forget."""

import reflex as rx

from app.components.controls import quiet_button
from app.components.frame import field
from app.states.resource_views import ResourceViewsState as State
from app.states.resource_views import ViewVar


def saved_views() -> rx.Component:
    """The views as links, and the dialog in which they are kept."""
    return rx.el.nav(
        rx.cond(
            State.views,
            rx.link("Everything", href=State.all_href, class_name="tab-link", underline="none"),
        ),
        rx.foreach(State.views, _link),
        _dialog(),
        class_name="row views",
        aria_label="Saved views",
    )


def _link(view: rx.Var[ViewVar]) -> rx.Component:
    return rx.link(
        view["name"],
        rx.cond(view["is_default"], rx.icon("star", size=12, aria_label="the list begins with it")),
        href=view["href"],
        class_name=rx.cond(view["is_here"], "tab-link tab-here", "tab-link"),
        custom_attrs={"aria-current": rx.cond(view["is_here"], "page", "false")},
        underline="none",
    )


def _dialog() -> rx.Component:
    mark = rx.icon("bookmark", size=14, aria_hidden="true")
    trigger = quiet_button(rx.fragment(mark, "Views"))
    return rx.dialog.root(
        rx.dialog.trigger(trigger),
        rx.dialog.content(
            rx.dialog.title("Saved views", size="4"),
            rx.dialog.description(
                "A view keeps the search, the filters and the order. Yours are for you alone.",
                size="2",
                margin_bottom="12px",
            ),
            rx.cond(State.is_away, rx.text("They cannot be read at the moment.", role="status")),
            rx.el.ul(rx.foreach(State.views, _kept), class_name="kept-views"),
            _save_form(),
            rx.dialog.close(
                rx.button("Close", variant="surface", color_scheme="gray", high_contrast=True)
            ),
            max_width="560px",
        ),
        open=State.is_open,
        on_open_change=State.open,
    )


def _kept(view: rx.Var[ViewVar]) -> rx.Component:
    name = view["name"].to(str)
    return rx.el.li(
        rx.input(
            default_value=name,
            on_blur=lambda typed: State.rename(view["ref"], typed),
            aria_label="Name of " + name,
            max_length=80,
            width="100%",
        ),
        rx.el.div(
            rx.el.label(
                rx.switch(
                    checked=view["is_default"],
                    on_change=lambda yes: State.choose_default(view["ref"], yes),
                    size="1",
                    aria_label="Begin with " + name,
                ),
                rx.text("Begin with it", size="2"),
                class_name="row",
            ),
            quiet_button(
                "Set to what is shown",
                on_click=State.replace(view["ref"]),
                aria_label="Set " + name + " to what is shown",
            ),
            quiet_button("Delete", on_click=State.delete(view["ref"]), aria_label="Delete " + name),
            class_name="row",
        ),
        key=view["ref"],
    )


def _save_form() -> rx.Component:
    return rx.form(
        field(
            "Save what is shown as",
            rx.input(name="name", required=True, max_length=80, width="100%"),
        ),
        rx.button("Save", type="submit", margin_top="8px", margin_bottom="16px"),
        on_submit=State.save,
        reset_on_submit=True,
    )
