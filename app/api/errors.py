"""How an error of the domain answers over HTTP: a status and its text for people."""

from html import escape

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PlatformError,
    Refused,
)
from app.domain.unavailable import what_cannot_be_done
from models import db

RETRY_SECONDS = "5"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Not at the moment</title>
</head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto">
<main>
<h1>Not at the moment</h1>
<p>{text}</p>
<p><a href="/">Go to the overview</a></p>
</main>
</body>
</html>
"""

STATUS: dict[type[PlatformError], int] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    Refused: 429,
}


def answer_errors(api: FastAPI) -> None:
    """Let an app answer what the domain and the databases raise."""
    api.add_exception_handler(PlatformError, answer_platform_error)
    api.add_exception_handler(RequestValidationError, answer_invalid_request)
    for error in db.UNAVAILABLE:
        api.add_exception_handler(error, answer_unavailable)


async def answer_platform_error(request: Request, error: Exception) -> JSONResponse:
    """Exception handler of the web process for `PlatformError`."""
    assert isinstance(error, PlatformError)
    return JSONResponse({"detail": error.message}, STATUS.get(type(error), 400))


async def answer_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Exception handler for what a route cannot parse: FastAPI's own would repeat what was sent.

    That can be a token or a password.
    """
    assert isinstance(error, RequestValidationError)
    told = [{name: one[name] for name in ("type", "loc", "msg")} for one in error.errors()]
    return JSONResponse({"detail": told}, 422)


async def answer_unavailable(request: Request, error: Exception) -> Response:
    """Exception handler for `models.away.UNAVAILABLE`: to a person who follows a link, a page."""
    text = f"{what_cannot_be_done(error)}. Nothing is lost; try again shortly."
    headers = {"Retry-After": RETRY_SECONDS, "Cache-Control": "no-store"}
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(PAGE.format(text=escape(text)), 503, headers)
    return JSONResponse({"detail": text}, 503, headers)
