"""An error that nobody foresaw: a person is told plainly, and can name it to an administrator."""

import secrets

import reflex as rx
import structlog

log = structlog.get_logger(__name__)


def tell_of_mishap(exception: Exception) -> rx.event.EventSpec:
    """Log an error under a short reference, and show that reference on the page."""
    reference = secrets.token_hex(3)
    log.error("an event handler failed", reference=reference, exc_info=exception)
    return rx.toast.error(
        f"Something went wrong on our side, and nothing was changed by it. If it happens again, "
        f"tell an administrator this reference: {reference}.",
        duration=20_000,
    )
