"""Whether this process lives and whether it can serve; remote services never count."""

import asyncio
from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from models import db
from models.threads import run

router = APIRouter()

PATIENCE_SECONDS = 5.0


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Answer while the process runs; asks nothing else, so that a restart is never in vain."""
    return {"status": "alive"}


@router.get("/ready")
async def ready() -> JSONResponse:
    """Tell which databases answer; 503 where nobody could sign in.

    One lost database loses one domain only, so the others do not make the process unready.
    """
    names = list(db.BASES)
    answers = await asyncio.gather(*[_answers(name) for name in names])
    checks = {name: "ok" if ok else "unreachable" for name, ok in zip(names, answers, strict=True)}
    is_ready = checks[db.USERS] == "ok"
    body = {"status": "ready" if is_ready else "not ready", "databases": checks}
    return JSONResponse(body, status_code=200 if is_ready else 503)


async def _answers(name: str) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await run(name, partial(db.ping, name))
    except (*db.UNAVAILABLE, TimeoutError):
        return False
    return True
