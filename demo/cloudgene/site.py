"""What all paths of the simulated server share: its parts, who asks, and how it refuses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo.cloudgene.accounts import API_TOKEN, Accounts, User
from demo.cloudgene.faults import Faults
from demo.cloudgene.jobs import Jobs
from demo.cloudgene.record import Job
from demo.cloudgene.settings import Settings

Endpoint = Callable[[Request], Awaitable[Response]]
UNDER_MAINTENANCE = "This functionality is currently under maintenance."


class ApiError(Exception):
    """A request is refused: Cloudgene's JsonHttpStatusException."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Site:
    """The parts of one simulated server."""

    settings: Settings
    accounts: Accounts
    jobs: Jobs
    faults: Faults

    @property
    def maintenance(self) -> bool:
        """Whether only administrators may do anything; it survives a restart."""
        return self._maintenance_mark.exists()

    def set_maintenance(self, on: bool) -> None:
        """Enter or leave maintenance."""
        if on:
            self._maintenance_mark.touch()
        else:
            self._maintenance_mark.unlink(missing_ok=True)

    @property
    def _maintenance_mark(self) -> Path:
        return Path(self.settings.data) / "maintenance"


def site_of(request: Request) -> Site:
    """Return the server that a request is for."""
    site: Site = request.app.state.site
    return site


def claims_of(request: Request) -> dict[str, Any] | None:
    """Return what the token of a request says; None without one, ApiError for a bad one."""
    token = request.headers.get("x-auth-token", "")
    if not token:
        return None
    claims = site_of(request).accounts.claims(token)
    if claims is None:
        raise ApiError(401, "Unauthorized")
    return claims


def user_of(request: Request, *, login_only: bool = False) -> User:
    """Return who asks: 401 for nobody, 403 for a token that is revoked or not enough."""
    claims = claims_of(request)
    if claims is None:
        raise ApiError(401, "Unauthorized")
    accounts = site_of(request).accounts
    if claims.get("token_type") == API_TOKEN and (
        login_only or not accounts.is_current_api_token(claims)
    ):
        raise ApiError(403, "Forbidden")
    user = accounts.get(claims["sub"])
    assert user is not None  # else the token has no claims
    return user


def admin_of(request: Request) -> User:
    """Return the administrator who asks with a login token; 403 for anybody else."""
    user = user_of(request, login_only=True)
    if not user.admin:
        raise ApiError(403, "Forbidden")
    return user


def active_user_of(request: Request, *, login_only: bool = False) -> User:
    """Return who asks; 503 during maintenance, unless it is an administrator."""
    user = user_of(request, login_only=login_only)
    if site_of(request).maintenance and not user.admin:
        raise ApiError(503, UNDER_MAINTENANCE)
    return user


def job_of(request: Request, user: User) -> Job:
    """Return the job of the path: 404 where there is none, 403 where it is another user's."""
    job = any_job_of(request)
    if not user.admin and job.record.username != user.username:
        raise ApiError(403, "Access denied.")
    return job


def any_job_of(request: Request) -> Job:
    """Return the job of the path; 404 where there is none."""
    job_id = request.path_params["job_id"]
    job = site_of(request).jobs.get(job_id)
    if job is None:
        raise ApiError(404, f"Job {job_id} not found.")
    return job


def message(text: str, *, success: bool = True) -> Response:
    """Return Cloudgene's MessageResponse."""
    return JSONResponse({"success": success, "message": text, "type": 0, "time": 0})
