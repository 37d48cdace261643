"""The wording of terms: the text as it was written, and the link to it."""

import reflex as rx


def terms_wording(title: rx.Var[str], text: rx.Var[str], url: rx.Var[str]) -> rx.Component:
    """The text, which scrolls where it is long, and the link, which opens beside the page."""
    written = rx.el.div(
        text, class_name="terms-text", tab_index=0, role="region", aria_label="Terms of " + title
    )
    link = rx.link(
        "Read the terms of ", title, " (opens in a new tab)", href=url, is_external=True, size="2"
    )
    return rx.fragment(rx.cond(text, written), rx.cond(url, link))
