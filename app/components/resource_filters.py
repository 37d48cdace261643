"""The search and the filters above a list."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

ANY = "any"


def search_box(label: str, *, text: rx.Var[str], turn: rx.Var[int], on_change: Any) -> rx.Component:
    """Where words are typed that must occur; the list follows while one types.

    It shows `text` anew whenever `turn` changes.
    """
    return rx.input(
        rx.input.slot(rx.icon("search", size=14, aria_hidden="true")),
        placeholder="Search",
        default_value=text,
        key=turn.to_string(),
        on_change=on_change.debounce(350),
        aria_label=f"Search {label}",
        type="search",
        width="260px",
        max_width="100%",
    )


def choice_filter(
    title: str, *, choices: rx.Var[list[tuple[str, str]]], chosen: rx.Var[str], on_change: Any
) -> rx.Component:
    """One of several values, or any."""
    return rx.select.root(
        rx.select.trigger(aria_label=title),
        rx.select.content(
            rx.select.item(f"{title}: any", value=ANY),
            rx.foreach(choices, lambda pair: rx.select.item(pair[1], value=pair[0])),
        ),
        value=rx.cond(chosen, chosen, ANY),
        on_change=on_change,
    )


def flag_filter(title: str, *, chosen: rx.Var[str], on_change: Any) -> rx.Component:
    """Yes, no, or any."""
    items = ((ANY, f"{title}: any"), ("yes", title), ("no", f"Not: {title.lower()}"))
    return _plain_choice(title, items, chosen=chosen, on_change=on_change)


def _plain_choice(
    title: str, items: Sequence[tuple[str, str]], *, chosen: rx.Var[str], on_change: Any
) -> rx.Component:
    return rx.select.root(
        rx.select.trigger(aria_label=title),
        rx.select.content(*[rx.select.item(word, value=value) for value, word in items]),
        value=rx.cond(chosen, chosen, ANY),
        on_change=on_change,
    )


def day_filter(title: str, *, day: rx.Var[str], on_change: Any) -> rx.Component:
    """A day, or none."""
    return rx.el.label(
        rx.text(title, size="1", class_name="muted"),
        rx.input(type="date", value=day, on_change=on_change, aria_label=title),
        class_name="row",
    )


def text_filter(title: str, *, text: rx.Var[str], on_change: Any) -> rx.Component:
    """A part of a text."""
    return rx.input(
        placeholder=title,
        default_value=text,
        on_change=on_change.debounce(350),
        aria_label=title,
        width="160px",
    )
