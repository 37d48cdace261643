"""The parts that every page is built of: header, panels, empty states, fields, paging."""

from typing import Any

import reflex as rx


def page_header(title: Any, *actions: rx.Component, subtitle: Any = "") -> rx.Component:
    """A page's title with its main action at the right."""
    return rx.el.header(
        rx.el.div(
            rx.heading(title, as_="h1", size="6", trim="both"),
            rx.cond(subtitle, rx.text(subtitle, color_scheme="gray", size="2", margin_top="8px")),
            class_name="page-title",
        ),
        rx.el.div(*actions, class_name="page-actions"),
        class_name="page-header",
    )


def section(title: Any, *content: rx.Component, action: rx.Component | None = None) -> rx.Component:
    """A titled card."""
    head = rx.heading(title, as_="h2", size="3", trim="both")
    return rx.card(
        rx.el.div(head, action or rx.fragment(), class_name="section-head"),
        *content,
        width="100%",
        size="2",
    )


def empty_state(
    icon: str, title: str, text: Any, action: rx.Component | None = None, *, level: int = 2
) -> rx.Component:
    """Say why there is nothing here, and offer the next step.

    `level` is the heading's: 1 where this is all that the page has to say.
    """
    return rx.el.div(
        rx.icon(icon, size=32, aria_hidden="true", class_name="muted"),
        rx.heading(title, as_=f"h{level}", size="4"),
        rx.text(text, color_scheme="gray", max_width="46ch", align="center"),
        action or rx.fragment(),
        class_name="empty-state",
    )


def link_button(label: Any, href: Any, *, icon: str = "", **props: Any) -> rx.Component:
    """A link that looks like a button: for going somewhere, not for doing something."""
    mark = rx.icon(icon, size=16, aria_hidden="true") if icon else rx.fragment()
    link = rx.link(mark, label, href=href, underline="none")
    return rx.button(link, as_child=True, **props)


def fact(label: str, value: Any) -> rx.Component:
    """One line of a list of facts; use inside `facts`."""
    return rx.el.div(rx.el.dt(label), rx.el.dd(value), class_name="fact")


def facts(*rows: rx.Component) -> rx.Component:
    """A list of labelled facts."""
    return rx.el.dl(*rows, class_name="facts")


def field(
    label: Any, control: rx.Component, *, hint: Any = "", problem: Any = "", required: bool = False
) -> rx.Component:
    """A labelled form control with a hint and, when it is not accepted, the reason."""
    mark = rx.el.span(" required", class_name="required-mark") if required else rx.fragment()
    return rx.el.label(
        rx.el.span(label, mark, class_name="field-label"),
        control,
        rx.cond(hint, rx.el.span(hint, class_name="field-hint")),
        rx.cond(problem, rx.el.span(problem, class_name="field-problem", role="alert")),
        class_name="field",
    )


def notice(
    text: Any, *, color: str = "blue", icon: str = "info", role: str = "status"
) -> rx.Component:
    """A message in the flow of the page."""
    return rx.callout.root(
        rx.callout.icon(rx.icon(icon, size=16, aria_hidden="true")),
        rx.callout.text(text),
        color_scheme=color,
        high_contrast=True,
        size="1",
        role=role,
        width="100%",
    )


def pager(
    page: rx.Var, pages: rx.Var, total: rx.Var, *, go: Any, label: str = "Pages of the list"
) -> rx.Component:
    """Which page of how many, and the way to the next. `go` takes the number of a page (from 1).

    `label` tells it from another one on the page.
    """
    return rx.el.nav(
        rx.text(total, " in all", size="2", color_scheme="gray", class_name="figures"),
        rx.el.div(
            rx.icon_button(
                rx.icon("chevron-left", size=16),
                on_click=go(page - 1),
                disabled=page <= 1,
                variant="surface",
                color_scheme="gray",
                high_contrast=True,
                aria_label="Previous page",
            ),
            rx.text("Page ", page, " of ", pages, size="2", class_name="figures"),
            rx.icon_button(
                rx.icon("chevron-right", size=16),
                on_click=go(page + 1),
                disabled=page >= pages,
                variant="surface",
                color_scheme="gray",
                high_contrast=True,
                aria_label="Next page",
            ),
            class_name="pager-buttons",
        ),
        class_name="pager",
        aria_label=label,
    )


def skeleton() -> rx.Component:
    """What stands in a page's place until its rows are there."""
    return rx.el.div(
        *[rx.skeleton(height="44px", width="100%") for _ in range(4)],
        class_name="skeleton",
        aria_busy="true",
    )
