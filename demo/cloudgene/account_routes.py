"""Paths about the server, its application, and people: login, tokens, profile, registration."""

import time
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.cloudgene import application
from demo.cloudgene.accounts import LoginFailed, User
from demo.cloudgene.record import State
from demo.cloudgene.site import (
    UNDER_MAINTENANCE,
    ApiError,
    claims_of,
    message,
    site_of,
    user_of,
)

SUCCEEDED = {State.SUCCESS, State.SUCCESS_AND_NOTIFICATION_SENT, State.RETIRED}
INVALID_TOKEN = "Invalid API Token."  # noqa: S105  (a message)


async def get_server(request: Request) -> Response:
    """GET /api/v2/server: anonymous; says more to somebody with a token."""
    site = site_of(request)
    user = None if claims_of(request) is None else user_of(request)
    server: dict[str, Any] = {
        "name": site.settings.name,
        "background": "#343a40",
        "foreground": "navbar-dark",
        "footer": "A simulation: nothing that it imputes is of real people.",
        "emailRequired": False,
        "userEmailDescription": "",
        "userWithoutEmailDescription": "",
        "oauth": [],
    }
    if user is not None:
        app = {
            "id": application.APP_ID,
            "name": application.APP_NAME,
            "version": application.APP_VERSION,
        }
        server["user"] = {
            "username": user.username,
            "mail": user.mail,
            "admin": user.admin,
            "name": user.full_name,
        }
        server |= {"apps": [app], "deprecatedApps": [], "experimentalApps": []}
    else:
        server["apps"] = []
    server |= {"loggedIn": user is not None, "navigation": []}
    server["maintenace"] = site.maintenance
    if site.maintenance:
        server["maintenaceMessage"] = "This server is under maintenance."
    return JSONResponse(server)


async def counters(request: Request) -> Response:
    """GET /api/v2/server/counters: anonymous."""
    site = site_of(request)
    runs = sum(job.record.state in SUCCEEDED for job in site.jobs.all())
    queue = {"size": len(site.jobs.queued())}
    complete = {"runs": runs}
    return JSONResponse({"complete": complete, "users": len(site.accounts), "queue": queue})


async def get_app(request: Request) -> Response:
    """GET /api/v2/server/apps/{app}: the form, with the panels and their populations."""
    user, app_id = user_of(request), request.path_params["app_id"]
    if site_of(request).maintenance and not user.admin:
        raise ApiError(503, UNDER_MAINTENANCE)
    if app_id.split("@")[0] != application.APP_ID:
        raise ApiError(404, f"Application {app_id} not found.")
    return JSONResponse(application.describe())


async def login(request: Request) -> Response:
    """POST /login, as form or as JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        given = dict(await request.json())
    else:
        given = dict(await request.form())
    name, password = str(given.get("username", "")), str(given.get("password", ""))
    accounts = site_of(request).accounts
    try:
        token = await to_thread.run_sync(accounts.login, name, password)
    except LoginFailed:
        raise ApiError(401, "Login Failed! Wrong Username or Password.") from None
    user = accounts.get(name)
    return JSONResponse(
        {
            "username": name,
            "roles": user.roles if user else [],
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 86400,
        }
    )


async def register(request: Request) -> Response:
    """POST /api/v2/users/register; an account is active at once, as without e-mail."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    if not form.get("new-password") or form["new-password"] != form.get("confirm-new-password"):
        return message("Please check your passwords.", success=False)
    accounts = site_of(request).accounts
    added = await to_thread.run_sync(
        lambda: accounts.register(
            form.get("username", ""),
            form.get("full-name", ""),
            form.get("mail", ""),
            form["new-password"],
            roles=["User"],
        )
    )
    if not added:
        return message("Username already exists.", success=False)
    return message("User successfully created.")


async def create_token(request: Request) -> Response:
    """POST /api/v2/users/{u}/api-token?expiration=<days>: only with a login token."""
    user = user_of(request, login_only=True)
    days = request.query_params.get("expiration")
    token = site_of(request).accounts.create_api_token(user, int(days) if days else None)
    made = {"token": token, "success": True, "message": "Creation successfull."}
    return JSONResponse(made | {"type": 0, "time": 0})


async def revoke_token(request: Request) -> Response:
    """DELETE /api/v2/users/{u}/api-token: only with a login token."""
    site_of(request).accounts.revoke_api_token(user_of(request, login_only=True))
    return message("Creation successfull.")


async def verify_token(request: Request) -> Response:
    """POST /api/v2/tokens/verify: anonymous."""
    accounts = site_of(request).accounts
    claims = accounts.claims(str((await request.form()).get("token", "")))
    user = accounts.get(claims["sub"]) if claims else None
    if claims is None or user is None or not accounts.is_current_api_token(claims):
        answer = {"valid": False, "message": INVALID_TOKEN, "username": None, "name": None}
        return JSONResponse(answer | {"mail": None, "expire": int(time.time() * 1000)})
    answer = {"valid": True, "message": "API Token was created by %s and is valid."}
    answer |= {"username": user.username, "name": user.full_name, "mail": user.mail}
    return JSONResponse(answer | {"expire": claims["exp"] * 1000})


async def profile(request: Request) -> Response:
    """GET /api/v2/users/{u}/profile: always of the user who asks, whatever the path says."""
    return JSONResponse(_profile(user_of(request)))


def _profile(user: User) -> dict[str, Any]:
    has_token = bool(user.api_hash)
    valid = not has_token or user.api_expires > time.time()
    until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(user.api_expires)) + ".0"
    verb = "is valid until" if valid else "expired on"
    return {
        "id": user.id,
        "username": user.username,
        "fullName": user.full_name,
        "lastLogin": "",
        "lockedUntil": "",
        "active": True,
        "loginAttempts": 0,
        "role": ",".join(user.roles).lower(),
        "mail": user.mail,
        "admin": user.admin,
        "hasApiToken": has_token,
        "apiTokenMessage": f"API Token was created by {user.username} and {verb} {until}."
        if has_token
        else "",
        "apiTokenValid": valid,
    }


ROUTES = [
    Route("/api/v2/server", get_server),
    Route("/api/v2/server/counters", counters),
    Route("/api/v2/server/apps/{app_id}", get_app),
    Route("/login", login, methods=["POST"]),
    Route("/api/v2/users/register", register, methods=["POST"]),
    Route("/api/v2/users/{username}/api-token", create_token, methods=["POST"]),
    Route("/api/v2/users/{username}/api-token", revoke_token, methods=["DELETE"]),
    Route("/api/v2/users/{username}/profile", profile),
    Route("/api/v2/tokens/verify", verify_token, methods=["POST"]),
]
