"""How an event handler calls the domain without holding up the event loop."""

from models.threads import call

__all__ = ["call"]
