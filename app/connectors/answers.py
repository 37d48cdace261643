"""What a service's answer means: its JSON, its message for people, and the error it stands for.

Services answer errors in many shapes: `{msg, status_code}` (WES), `{type, title, detail, status}`
(RFC 7807), `{timestamp, status_code, error, msg}` (Spring), plain text, and a proxy's web page.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    ServiceFault,
    Unsupported,
)

MESSAGE_LENGTH = 500
MESSAGE_KEYS = ("msg", "detail", "message", "error_description", "error", "title")

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[@-Z\\-_])"
)
# JSON grows in memory: "{}," is 3 bytes here and 72 there. No WES nests deeply or sends this much.
DEEPEST = 64
MOST_VALUES = 50_000

# Possessive, so that the pattern remembers nothing of a long text.
_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]|,', re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end, or to the limit (`is_cut`)."""

    url: httpx.URL
    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    is_cut: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is any 2xx."""
        return 200 <= self.status < 300

    @property
    def is_html(self) -> bool:
        """Whether it is a web page, as a proxy's sign-in or error page is."""
        kind = self.headers.get("content-type", "").lower()
        return "html" in kind or self.body[:200].lstrip().lower().startswith(
            (b"<!doctype", b"<htm")
        )

    @property
    def text(self) -> str:
        """The body as plain text."""
        return plain_text(self.body.decode("utf-8", "replace"))


def place(url: httpx.URL) -> str:
    """The host and port of a URL, for messages: never its path, query or credentials."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port}" if url.port else host


def plain_text(text: str) -> str:
    """Text without terminal codes, control characters and what UTF-8 or PostgreSQL refuses."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text).encode("utf-8", "replace").decode("utf-8")


def plain_value(value: Any) -> Any:
    """A JSON value with all its texts made plain."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if isinstance(value, dict):
        return {plain_text(key): plain_value(item) for key, item in value.items()}
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_shape(body: bytes) -> None:
    """Raise `ValueError` if JSON is nested too deep or holds too many values, before it is read."""
    if len(body) <= MOST_VALUES and body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth, values = 0, 1
    for mark in _MARKS.finditer(body):
        kind = body[mark.start()]
        if kind == 0x22:
            continue
        depth += (kind in b"[{") - (kind in b"]}")
        values += kind in b"[{,"
        if depth > DEEPEST or values > MOST_VALUES:
            raise ValueError("too deep or too many values")


def json_of(answer: Answer) -> Any:
    """The JSON of an answer. Raises `InvalidAnswer` if it is too large, HTML or broken."""
    where = place(answer.url)
    if answer.is_cut:
        raise InvalidAnswer(
            f"{where} sent an answer of more than {len(answer.body) // 1024} KiB where a short "
            "one belongs."
        )
    try:
        _check_shape(answer.body)
        # Escapes can smuggle in what plain bytes cannot: terminal codes, NUL, half characters.
        value = json.loads(answer.body, parse_constant=_refuse_constant)
        return plain_value(value) if b"\\u" in answer.body else value
    except (ValueError, RecursionError):
        pass
    if answer.is_html:
        raise InvalidAnswer(
            f"{where} answered with a web page instead of JSON: the address may be a website or a "
            "sign-in page."
        )
    raise InvalidAnswer(f"{where} answered with something that is not JSON.")


def message_of(answer: Answer, *, secret: str = "") -> str:
    """The service's own words about an error, short and plain; "" if it has none.

    `secret` is what must not appear in it, should the service repeat it.
    """
    try:
        _check_shape(answer.body)
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        text = (
            "" if answer.is_html else answer.body[: 4 * MESSAGE_LENGTH].decode("utf-8", "replace")
        )
    else:
        text = _message_in(body)
    text = " ".join(plain_text(text).split())
    if secret:
        text = text.replace(secret, "…")
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"


def _message_in(body: Any) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, dict):
        for key in MESSAGE_KEYS:
            if found := _message_in(body.get(key)):
                return found
    return ""


def error_of(
    answer: Answer, *, secret: str = "", missing: type[ConnectorError] = Rejected
) -> ConnectorError | None:
    """The error that an answer stands for, or None for a success.

    `missing` is what a 404 means here.
    """
    if answer.is_success:
        return None
    where, status = place(answer.url), answer.status
    said = message_of(answer, secret=secret)
    words = f"{status} {_phrase(status)}".strip() + (f": {said.rstrip('.')}" if said else "")
    if status in (401, 403):
        cure = (
            "Check the stored token, or get a new one."
            if secret
            else "Store a token for this service."
        )
        return NotAuthorised(f"{where} does not let us in ({words}). {cure}")
    if status in (408, 425, 429, 503):
        return Busy(f"{where} is busy ({words}).", retry_after=_retry_after(answer.headers))
    if answer.is_html and status < 500 and missing is not Unsupported:
        page = InvalidAnswer(
            f"{where} answered with a web page ({words}), perhaps a proxy's or a sign-in page's."
        )
        page.may_have_arrived = False
        return page
    kind, verb = _refusal(status, missing)
    return kind(f"{where} {verb} ({words}).")


def _refusal(status: int, missing: type[ConnectorError]) -> tuple[type[ConnectorError], str]:
    if status in (405, 501):
        return Unsupported, "cannot do this"
    if status >= 500:
        return ServiceFault, "failed"
    if status == 404:
        return missing, "does not know this"
    if status >= 400:
        return Rejected, "refuses the request"
    return InvalidAnswer, "gave an answer that does not belong here"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds to wait, from `Retry-After` in either of its forms (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
