"""How an error of the domain answers over HTTP: a status and its text for people."""

from fastapi import Request
from fastapi.responses import JSONResponse

from app.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PlatformError,
    Refused,
)

STATUS: dict[type[PlatformError], int] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    Refused: 429,
}


async def answer_platform_error(request: Request, error: Exception) -> JSONResponse:
    """Exception handler of the web process for `PlatformError`."""
    assert isinstance(error, PlatformError)
    return JSONResponse({"detail": error.message}, STATUS.get(type(error), 400))
