"""Who accepted the terms of a service, as a file for those who manage it."""

import httpx
from fastapi.testclient import TestClient

from app.app import api
from app.domain import terms, terms_acceptances
from models import db
from tests.support.filling import add_service, somebody


def test_who_accepted_which_version_is_a_file_for_who_manages_services(databases: None) -> None:
    ada, manager = somebody("ada", "administrator")
    rosa, researcher = somebody("rosa")
    service_ref = add_service(ada, "Michigan", "https://mis.example.org")
    with db.session(db.REGISTRY) as session:
        said = terms.set_terms(session, actor=ada, service_ref=service_ref, text="Be good.")
    assert said is not None
    with db.session(db.USERS) as session:
        terms_acceptances.accept(session, actor=rosa, terms=[said])
    client = TestClient(api)
    url = f"/api/services/{service_ref}/terms-acceptances.csv"
    client.cookies = httpx.Cookies(manager)
    head, row = client.get(url).text.splitlines()
    assert head == "accepted_at,user_name,title,version,client_address"
    assert row.split(",")[1:4] == ["rosa", "Michigan", "1"]
    client.cookies = httpx.Cookies(researcher)
    assert client.get(url).status_code == 403
