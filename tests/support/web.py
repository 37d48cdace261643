"""The HTTP routes for files alone, for tests and benchmarks that need no pages."""

from fastapi import FastAPI

from app.api import downloads, results, uploads
from app.api.errors import answer_errors
from app.config import settings
from models import db

db.configure(settings().database_urls)

app = FastAPI()
answer_errors(app)
app.include_router(uploads.router)
app.include_router(downloads.router)
app.include_router(results.router)
