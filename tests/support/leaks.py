"""Looking for secrets where none may be, in every spelling in which one could hide."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import inspect, text

from models import db

LAST = 8


def spellings(secret: str) -> dict[str, str]:
    """A secret as it could stand in a text, by what that is called."""
    plain = secret.encode()
    found = {
        "itself": secret,
        "its last characters": secret[-LAST:],
        "backwards": secret[::-1],
        "in a URL": quote(secret, safe=""),
        "in a form": quote_plus(secret),
        "in hexadecimal": plain.hex(),
        "in JSON": json.dumps(secret)[1:-1],
    }
    for before in range(3):
        # Inside a longer text, what base64 makes of it depends on what stands before it.
        shifted = base64.b64encode(b" " * before + plain).decode().rstrip("=")
        inner = shifted[4 if before else 0 : -2]
        found[f"in base64, {before} behind"] = inner
        found[f"in URL-safe base64, {before} behind"] = inner.translate(str.maketrans("+/", "-_"))
    return found


def leaks(secrets: Mapping[str, str], said: Mapping[str, str]) -> list[str]:
    """Where which secret stands in what was said, without the secret itself."""
    forms = {
        f"{name} {how}": form
        for name, secret in secrets.items()
        for how, form in spellings(secret).items()
    }
    return [
        f"{what}: {where}"
        for where, content in said.items()
        for what, form in forms.items()
        if form in content
    ]


def everything_stored() -> Iterator[tuple[str, str]]:
    """Every table of the seven databases, as text."""
    for name in db.BASES:
        engine = db.engine(name)
        for table in inspect(engine).get_table_names():
            with engine.connect() as connection:
                rows = connection.execute(text(f'SELECT r::text FROM "{table}" AS r'))
                yield f"{name}.{table}", "\n".join(row[0] for row in rows)


def all_arguments() -> dict[str, str]:
    """The command lines of all processes that can be seen."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[f"process {path.parent.name}"] = path.read_bytes().decode("utf-8", "replace")
        except OSError:  # gone meanwhile
            continue
    return found


def heard(recording: Mapping[str, Any]) -> dict[str, str]:
    """What a HAR file has recorded, but for the forms that the browser itself sent."""
    said = {}
    for number, entry in enumerate(recording["log"]["entries"]):
        request, answer = entry["request"], entry["response"]
        told = {"url": request["url"], "headers": request["headers"], "answer": answer}
        content = answer["content"]
        body = content.pop("text", "")
        if content.get("encoding") == "base64":
            body = base64.b64decode(body).decode("utf-8", "replace")
        said[f"{number} {request['method']} {request['url'][:120]}"] = json.dumps(told) + body
    return said
