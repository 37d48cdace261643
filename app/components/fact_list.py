"""A list of labelled facts that only the running page knows."""

import reflex as rx


def fact_list(items: rx.Var) -> rx.Component:
    """Lines with `label`, `value` and `link`; a value with a link leads there."""
    return rx.el.dl(rx.foreach(items, _line), class_name="facts")


def _line(item: rx.Var) -> rx.Component:
    link = rx.link(item.value, href=item.link, is_external=True, rel="noopener noreferrer")
    return rx.el.div(
        rx.el.dt(item.label),
        rx.el.dd(rx.cond(item.link, link, item.value)),
        class_name="fact",
    )
