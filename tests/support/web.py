"""The HTTP routes for files alone, for tests and benchmarks that need no pages."""

from fastapi import FastAPI

from app.api import downloads, uploads
from app.api.errors import answer_platform_error
from app.config import settings
from app.domain.errors import PlatformError
from models import db

db.configure(settings().database_urls)

app = FastAPI()
app.add_exception_handler(PlatformError, answer_platform_error)
app.include_router(uploads.router)
app.include_router(downloads.router)
