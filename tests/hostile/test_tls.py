"""TLS that is expired, of another host, of nobody, unfinished, or not there."""

from collections.abc import Iterator

import pytest

from tests.hostile.conftest import REQUEST_LIMIT, Ordeal
from tests.support.certificates import Authority
from tests.support.hostile import HostileWes, Peer, hostile_wes
from tests.support.measured import Measurer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def measurer(postgres: str, authority: Authority) -> Iterator[Measurer]:
    started = Measurer(
        {
            "FGIP_REQUEST_TIMEOUT_SECONDS": str(REQUEST_LIMIT),
            "SSL_CERT_FILE": str(authority.file),
        }
    )
    yield started
    started.close()


@pytest.fixture
def wes(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileWes]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with hostile_wes("https", authority.context()) as server:
        yield server


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("an expired certificate", "expired"),
        ("a certificate of another host", "not valid for"),
        ("a certificate that signs itself", "self-signed"),
        ("a handshake that never ends", ""),
        ("plain HTTP on a TLS port", ""),
        ("RST in the handshake", ""),
    ],
)
def test_tls_with(trouble: str, words: str, ordeal: Ordeal, authority: Authority) -> None:
    ordeal.reach("status")
    wes, good = ordeal.wes, ordeal.wes.tls
    match trouble:
        case "an expired certificate":
            wes.tls = authority.context(days=-1)
        case "a certificate of another host":
            wes.tls = authority.context(host="other.example")
        case "a certificate that signs itself":
            wes.tls = authority.context(is_own=False)
        case "a handshake that never ends":
            wes.raw = Peer.hang
        case "plain HTTP on a TLS port":
            wes.raw = lambda peer: peer.reply({"state": "COMPLETE"})
        case _:
            wes.raw = Peer.reset
    ordeal.suffer("status")
    (row,) = ordeal.rows()
    assert row.contact_error and words in row.contact_error
    wes.tls = good
    ordeal.recover()
