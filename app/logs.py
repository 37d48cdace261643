"""How processes log: one line per event, as text for people or as JSON for machines."""

import logging

import structlog

from app.config import settings


def configure_logs() -> None:
    """Set up structlog and the standard library's loggers as the settings say."""
    level = logging.getLevelNamesMapping().get(settings().log_level.upper(), logging.INFO)
    last = (
        structlog.processors.JSONRenderer()
        if settings().log_json
        else structlog.dev.ConsoleRenderer(colors=False)
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
