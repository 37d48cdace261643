"""A question before something that cannot be undone."""

from typing import Any

import reflex as rx


def confirm(
    trigger: rx.Component,
    *,
    title: Any,
    text: Any,
    action: str,
    on_confirm: Any,
    otherwise: str = "Keep it",
) -> rx.Component:
    """Ask in a dialog when `trigger` is pressed; `action` is the word on the red button."""
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(trigger),
        rx.alert_dialog.content(
            rx.alert_dialog.title(title),
            rx.alert_dialog.description(text, size="2"),
            rx.el.div(
                rx.alert_dialog.cancel(
                    rx.button(otherwise, variant="surface", color_scheme="gray", high_contrast=True)
                ),
                rx.alert_dialog.action(
                    rx.button(action, color_scheme="red", high_contrast=True, on_click=on_confirm)
                ),
                class_name="row",
                margin_top="18px",
                justify_content="flex-end",
            ),
            max_width="460px",
        ),
    )
