"""Who accepted the terms of a service, as a file for spreadsheets."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import Response

from app.api.csv_files import csv_file
from app.api.session import CurrentActor
from app.domain.terms_acceptances import acceptances
from models import db
from models.threads import call

router = APIRouter(prefix="/api/services")

COLUMNS = ("accepted_at", "user_name", "title", "version", "client_address")


@router.get("/{service_ref}/terms-acceptances.csv")
async def accepted_terms(service_ref: str, actor: CurrentActor) -> Response:
    """Send who accepted which version and when, the newest first, for those who manage services."""
    rows = await call(db.USERS, acceptances, actor=actor, service_ref=service_ref)
    return csv_file("terms-acceptances.csv", COLUMNS, [asdict(row) for row in rows])
