"""How processes log: one line per event, as text for people or as JSON for machines."""

import logging
import re

import structlog

from app.config import settings

# How Reflex writes an event that it cannot handle: with what was sent, and the session's cookie.
WHOLE_EVENT = re.compile(r"Event\(name='([^']*)'.*\)", re.DOTALL)


class NameOnly(logging.Filter):
    """Let Reflex name the event that went wrong, and log nothing else of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the message; every record stays."""
        record.msg = WHOLE_EVENT.sub(r"the event \1", record.getMessage())
        record.args = None
        return True


def configure_logs() -> None:
    """Set up structlog and the standard library's loggers as the settings say."""
    level = logging.getLevelNamesMapping().get(settings().log_level.upper(), logging.INFO)
    last = (
        structlog.processors.JSONRenderer()
        if settings().log_json
        # Its own way to show an error prints the values of variables, which can be secrets.
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if settings().log_json else []),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # It would warn each time that a turn is still under way, which is meant to happen.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("reflex_base.event.processor.event_processor").addFilter(NameOnly())
