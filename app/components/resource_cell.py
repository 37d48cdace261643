"""How a value of an object is shown: as its column's kind says."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from app.components.moment import moment
from app.components.status import badge


def cell(kind: str, words: Mapping[str, Any], shown: rx.Var[dict[str, str]]) -> rx.Component:
    """A cell (`text` and `href`); `words` are the titles, colours and icons of the kind `word`."""
    text, href = shown["text"].to(str), shown["href"].to(str)
    content = value(kind, words, text)
    return rx.cond(href, rx.link(content, href=href, high_contrast=True), content)


def head_cell(
    kind: str, words: Mapping[str, Any], shown: rx.Var[dict[str, str]], *, href: rx.Var[str]
) -> rx.Component:
    """The cell that names a row: it leads to its own place, or to the object's page at `href`."""
    own = shown["href"].to(str)
    return rx.link(
        value(kind, words, shown["text"].to(str)),
        href=rx.cond(own, own, href),
        weight="medium",
        high_contrast=True,
    )


def value(kind: str, words: Mapping[str, Any], text: rx.Var[str]) -> rx.Component:
    """A value by itself."""
    if kind == "word":
        cases = [(key, badge(one.title, one.color, one.icon)) for key, one in words.items()]
        return rx.match(text, *cases, rx.cond(text, badge(text, "gray", "circle"), rx.fragment()))
    if kind == "moment":
        return moment(text, never="–")
    if kind == "flag":
        return rx.cond(text == "yes", badge("Yes", "green", "check"), rx.el.span("No"))
    if kind in ("number", "bytes"):
        return rx.el.span(text, class_name="figures")
    if kind == "json":
        return rx.el.pre(text, class_name="log")
    return rx.el.span(text, class_name="mono" if kind == "mono" else "")
