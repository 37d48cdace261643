"""What the simulated Cloudgene server imputes, packs and hands out."""

import gzip
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pysam
import pytest
import pyzipper

from demo import dataset, vcf
from tests.support.cloudgene import (
    PANEL,
    Cloudgene,
    chromosome_files,
    form,
    small_files,
)
from tests.support.cloudgene_client import (
    PASSWORD,
    content,
    ended,
    job,
    messages,
    output,
    submitted,
)


def test_archives_hold_what_minimac_writes_and_open_only_with_the_password(
    server: Cloudgene, done: dict[str, Any], tmp_path: Path
) -> None:
    assert (done["state"], done["name"]) == (4, "two &lt;chromosomes&gt;")
    archive = content(server, done, "chr_21.zip")
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        names = ["chr21.dose.vcf.gz", "chr21.info.gz", "chr21.empiricalDose.vcf.gz"]
        assert file.namelist() == names
        with pytest.raises(RuntimeError, match=r"(?i)password"):
            file.testzip()
        file.setpassword(PASSWORD.encode())
        assert file.testzip() is None
        info = gzip.decompress(file.read("chr21.info.gz")).decode()
    assert "##mis_phasing=eagle" in info
    assert re.search(r"\tAF=[^;]+;MAF=[^;]+;R2=[^;]+;ER2=[^;]+;TYPED;IMPUTED\n", info)
    assert _accuracy(content(server, done, "chr_20.zip"), dataset.simulate(), tmp_path) > 0.8


def test_unphased_genotypes_of_hg19_are_phased_and_lifted_and_imputed_well(
    server: Cloudgene, ann: httpx.Client, tmp_path: Path
) -> None:
    def unphase(line: str) -> str:
        columns = line.removeprefix("chr").split("\t")
        return "\t".join(
            "/".join(sorted(column.split("|"))) if "|" in column else column for column in columns
        )

    lines = gzip.decompress(chromosome_files()[0].read_bytes()).decode().splitlines()
    file = tmp_path / "unphased.vcf.gz"
    with pysam.BGZFile(str(file), "wb", None) as output_file:
        for line in lines:
            changed = line if line.startswith("#") else unphase(line)
            output_file.write(f"{changed}\n".encode())
    values = form(PANEL, password=PASSWORD, build="hg19")
    now = ended(ann, submitted(ann, (file,), **values))
    assert ("Quality Control", 2, "Uploaded data is hg19 and reference is hg38.") in messages(now)
    demo = dataset.simulate()
    assert _accuracy(content(server, now, "chr_20.zip"), demo, tmp_path) > 0.7


def _accuracy(archive: bytes, demo: dataset.Demo, folder: Path) -> float:
    """Return the mean squared correlation of dosages and truth at common variants not typed."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        file.setpassword(PASSWORD.encode())
        path = Path(file.extract("chr20.dose.vcf.gz", folder))
    with pysam.VariantFile(str(path)) as imputed:
        dosages = np.array([[call["DS"] for call in record.samples.values()] for record in imputed])
    truth = (demo.truth.haplotypes[::2].astype(float) + demo.truth.haplotypes[1::2]).T
    frequency = demo.panel.haplotypes.mean(axis=0)
    chosen = (np.minimum(frequency, 1 - frequency) >= 0.05) & (truth.std(axis=1) > 0)
    chosen[demo.typed] = False
    chosen &= dosages.std(axis=1) > 0
    return float(
        np.mean([np.corrcoef(truth[v], dosages[v])[0, 1] ** 2 for v in np.flatnonzero(chosen)])
    )


def test_aes_is_used_when_asked_for(server: Cloudgene, ann: httpx.Client) -> None:
    values = form(password=PASSWORD, aesEncryption="true")
    now = ended(ann, submitted(ann, small_files()[:1], **values))
    with pyzipper.AESZipFile(io.BytesIO(content(server, now, "chr_20.zip"))) as archive:
        assert archive.infolist()[0].compress_type == 99 or archive.infolist()[0].wz_aes_version
        archive.setpassword(PASSWORD.encode())
        assert archive.testzip() is None


def test_every_request_for_a_file_counts_until_none_is_left(
    server: Cloudgene, ann: httpx.Client
) -> None:
    now = ended(ann, submitted(ann, small_files()[:1], **form(password=PASSWORD)))
    anonymous, file = server.client(), output(now)["chr_20.zip"]
    assert file["count"] == 10
    url = f"/share/results/{file['hash']}/chr_20.zip"
    assert anonymous.head(url).status_code == 200
    whole = anonymous.get(url, headers={"Range": "bytes=100-"})
    assert (whole.status_code, whole.content[:2]) == (200, b"PK")
    assert output(job(ann, now["id"]))["chr_20.zip"]["count"] == 8
    server.control(f"jobs/{now['id']}/downloads", left=1)
    assert anonymous.get(f"/downloads/{now['id']}/{file['hash']}/chr_20.zip").status_code == 200
    refused = anonymous.get(url)
    assert refused.status_code == 400
    assert refused.json() == {"success": False, "message": "number of max downloads exceeded."}
    admin = server.client(server.login("admin"))
    assert admin.get(f"/api/v2/admin/jobs/{now['id']}/reset?max=-1").json()["success"] is True
    assert anonymous.get(url).status_code == 200
    assert output(job(ann, now["id"]))["chr_20.zip"]["count"] == -1


def test_storage_behind_a_redirect_sends_lengths_and_ranges(narrow: Cloudgene) -> None:
    server = narrow
    ann = server.client(server.token_for("ann"))
    now = ended(ann, submitted(ann, small_files()[:1], **form()))
    url = f"/share/results/{output(now)['chr_20.zip']['hash']}/chr_20.zip"
    with httpx.Client(base_url=server.url, follow_redirects=True) as client:
        whole = client.get(url)
        assert int(whole.headers["content-length"]) == len(whole.content)
        part = client.get(url, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        server.fault("ignore_range", times=1)
        assert client.get(url, headers={"Range": "bytes=100-"}).status_code == 200


def test_downloads_go_wrong_on_demand(server: Cloudgene, done: dict[str, Any]) -> None:
    file = output(done)["chr_20.zip"]
    url = f"{server.url}/share/results/{file['hash']}/chr_20.zip"
    server.fault("cut_after", 1000, times=1)
    received = b""
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("GET", url) as answer:
        for part in answer.iter_raw():
            received += part
    assert len(received) == 1000
    server.fault("error_as_file", times=1)
    assert httpx.get(url).json()["success"] is False
    server.fault("redirect_to", f"http://localhost:{server.url.rsplit(':', 1)[1]}", times=1)
    moved = httpx.get(url, headers={"Range": "bytes=-"})
    assert (moved.status_code, moved.headers["location"][:17]) == (301, "http://localhost:")
    server.fault("unavailable", 503, times=1)
    assert httpx.get(f"{server.url}/api/v2/server").status_code == 503
    assert httpx.get(f"{server.url}/api/v2/server").status_code == 200


def test_archives_go_wrong_on_demand(server: Cloudgene, ann: httpx.Client) -> None:
    def archive() -> zipfile.ZipFile:
        now = ended(ann, submitted(ann, small_files()[:1], **form(password=PASSWORD)))
        opened = zipfile.ZipFile(io.BytesIO(content(server, now, "chr_20.zip")))
        opened.setpassword(PASSWORD.encode())
        return opened

    server.fault("wrong_password", times=1)
    with pytest.raises(RuntimeError, match="Bad password"):
        archive().testzip()
    server.fault("corrupt_archive", times=1)
    with pytest.raises(Exception, match=r"CRC|decompress|inval"):
        archive().read("chr20.dose.vcf.gz")


def test_chromosome_20_is_the_same_in_both_demo_datasets(tmp_path: Path) -> None:
    dataset.write(tmp_path)
    assert chromosome_files()[0].read_bytes() == (tmp_path / "demo.vcf.gz").read_bytes()
    assert vcf.header("chr20")[2].startswith("##contig=<ID=chr20,length=64444167")
