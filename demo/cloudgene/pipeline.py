"""The imputation pipeline as a job's owner sees it: steps, messages, and files.

Steps are the groups, and progress the views, that imputationserver2's `cloudgene.yaml` declares;
texts are those of `main.nf` and of Cloudgene's Nextflow plugin and its templates.
"""

import secrets
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

from demo.cloudgene import imputed, packing, quality
from demo.cloudgene.accounts import Accounts
from demo.cloudgene.application import APP_VERSION, PANELS, PanelApp
from demo.cloudgene.faults import Faults
from demo.cloudgene.imputed import Options
from demo.cloudgene.panels import panel_of, sites_of
from demo.cloudgene.quality import Chunk
from demo.cloudgene.record import Job, PipelineFailed, Severity, State
from demo.cloudgene.settings import Settings
from demo.cloudgene.validation import Refused, VcfFile, validate
from demo.vcf import UnusableTarget

ENGINES = {"eagle": "Phasing with Eagle", "beagle": "Phasing with Beagle"}
JOB_FAILED = "Imputation job failed."
GROUPS = ("Input Validation", "Quality Control", "Phasing and Imputation", "Summary")
REPORT = """<!doctype html><html lang="en"><title>Quality Control Report</title>
<h1>Quality Control Report</h1><p>A simulation.</p><pre>{text}</pre></html>
"""


class Pipeline:
    """Does the work of one job after the other; holds nothing of them."""

    def __init__(self, settings: Settings, faults: Faults, accounts: Accounts) -> None:
        self._settings, self._faults, self._accounts = settings, faults, accounts

    def run(self, job: Job) -> None:
        """Work a job off; PipelineFailed or Interrupted where it ends early."""
        steps = dict(zip(GROUPS, map(job.add_step, GROUPS), strict=True))
        try:
            self._work(job, steps)
            self._stage(job, "exporting")
        except PipelineFailed as failure:
            for text in ("Pipeline execution failed.", str(failure)):
                if text:
                    job.say(steps["Summary"], text, Severity.ERROR)
            raise

    def _work(self, job: Job, steps: dict[str, Any]) -> None:
        values = job.record.values
        panel = PANELS.get(values.get("refpanel", ""))
        paths = sorted((job.input / "files").glob("*.vcf.gz"))
        if panel is None:
            job.log("Parameter refpanel is required.")  # Nextflow tells nobody else
            raise PipelineFailed
        if values.get("phasing", "eagle") not in (*ENGINES, "no_phasing"):
            raise PipelineFailed(
                "For phasing, only options 'eagle', 'beagle' or 'no_phasing' are allowed."
            )
        if not paths:
            raise PipelineFailed("No vcf.gz input files detected.")
        files = self._validate(job, steps["Input Validation"], paths, panel)
        chunks = self._control(job, steps["Quality Control"], files, panel)
        if values.get("mode", "imputation") == "imputation":
            self._impute(job, steps, files, panel, chunks)
        job.enter(State.EXPORTING)

    def _stage(self, job: Job, name: str, *, parts: int = 1) -> None:
        """Let one of the `parts` of a stage last as long as is asked for."""
        job.log(f"[{name}]")
        job.wait(self._settings.delay / parts)
        while self._faults.holds(name):
            job.wait(0.05)

    def _validate(
        self, job: Job, step: dict[str, Any], paths: Sequence[Path], panel: PanelApp
    ) -> list[VcfFile]:
        status = job.say(step, "Processing data...", Severity.RUNNING)
        self._stage(job, "validation")
        try:
            files, summary = validate(paths, panel, job.record.values, self._settings)
        except Refused as problem:
            _change(status, "", Severity.ERROR)
            job.say(step, str(problem), Severity.ERROR)
            raise PipelineFailed(JOB_FAILED) from None
        _change(status, "", Severity.OK)
        job.say(step, summary, Severity.OK)
        return files

    def _control(
        self, job: Job, step: dict[str, Any], files: list[VcfFile], panel: PanelApp
    ) -> list[Chunk]:
        build = job.record.values.get("build") or "hg19"
        status = job.say(step, "Processing data...", Severity.RUNNING)
        self._stage(job, "qc")
        _change(status, "", Severity.OK)
        report = []
        if build != panel.build:
            report += [
                (f"Uploaded data is {build} and reference is {panel.build}.", Severity.WARNING),
                ("Lift Over", Severity.OK),
            ]
        missing = [file for file in files if file.chromosome not in sites_of(panel)]
        error = ""
        if missing:
            chromosome = missing[0].chromosome
            error = (
                "Task 'Calculating QC Statistics This reference panel doesn't support chromosome "
                f"{chromosome}. File ./chr{chromosome}.sites.gz not found."
            )
            report.append((error, Severity.ERROR))
            chunks = []
        else:
            outcome = quality.control(files, sites_of(panel))
            error, chunks = outcome.error, outcome.chunks
            quality.write_statistics(outcome, job.output / "statistics")
            report += [
                ("Calculating QC Statistics", Severity.OK),
                (quality.statistics(outcome), Severity.OK),
                (quality.conclusion(outcome), Severity.ERROR if error else Severity.WARNING),
            ]
        for text, severity in report:
            job.say(step, text, severity)
        text = "\n".join(_command(text, severity) for text, severity in report)
        (job.output / "qc_report.txt").write_text(text)
        if error:
            raise PipelineFailed(JOB_FAILED)
        label = job.say(step, "Quality Control Report", Severity.RUNNING)
        self._stage(job, "report")
        (job.output / "quality-control.html").write_text(REPORT.format(text=text))
        _change(label, "Quality Control Report", Severity.OK)
        return chunks

    def _impute(
        self,
        job: Job,
        steps: dict[str, Any],
        files: list[VcfFile],
        panel: PanelApp,
        chunks: list[Chunk],
    ) -> None:
        values = job.record.values
        phasing = values.get("phasing", "eagle")
        if phasing in ENGINES:
            self._walk(job, steps["Phasing and Imputation"], ENGINES[phasing], len(chunks))
        options = Options(
            min_r2=float(values.get("r2Filter") or 0),
            phased=all(file.phased for file in files),
            meta=values.get("meta") == "true",
        )
        about = [
            f"##mis_pipeline=v{APP_VERSION}",
            f"##mis_phasing={phasing}",
            f"##mis_panel={panel.id}",
        ]
        step, done, made = steps["Phasing and Imputation"], 0, []
        bar = job.say(step, progress("Imputation", 0, len(chunks)), Severity.RUNNING)
        for file in files:
            own = [chunk for chunk in chunks if chunk.chromosome == file.chromosome]
            if not own:
                continue
            self._stage(job, "imputation", parts=len(files))
            try:
                outcome = imputed.impute(
                    own, file.samples, panel_of(panel)[file.chromosome], options, job.wait
                )
            except UnusableTarget:
                _change(bar, progress("Imputation", done, len(chunks), failed=1), Severity.ERROR)
                raise PipelineFailed(JOB_FAILED) from None
            made.append((file.chromosome, outcome))
            done += len(own)
            severity = Severity.OK if done == len(chunks) else Severity.RUNNING
            _change(bar, progress("Imputation", done, len(chunks)), severity)
        bar = job.say(steps["Summary"], _packed(0, len(made)), Severity.RUNNING)
        password = unescape(values.get("password", "")) or secrets.token_urlsafe(15)
        for number, (chromosome, outcome) in enumerate(made, start=1):
            self._stage(job, "encryption", parts=len(made))
            work = job.folder / "work"
            work.mkdir(exist_ok=True)
            members = imputed.write(work, *outcome, options, about)
            archive = job.output / f"chr_{chromosome}.zip"
            used = "not that password" if self._faults.takes("wrong_password") else password
            packing.pack(archive, members, password=used, aes=values["aesEncryption"] == "true")
            if self._faults.takes("corrupt_archive"):
                _damage(archive)
            for member in members:
                member.unlink()
            severity = Severity.OK if number == len(made) else Severity.RUNNING
            _change(bar, _packed(number, len(made)), severity)
        self._announce(job, steps["Summary"], password)

    def _walk(self, job: Job, step: dict[str, Any], label: str, total: int) -> None:
        bar = job.say(step, progress(label, 0, total), Severity.RUNNING)
        self._stage(job, "phasing")
        _change(bar, progress(label, total, total), Severity.OK)

    def _announce(self, job: Job, step: dict[str, Any], password: str) -> None:
        text = "Data have been exported successfully. "
        if self._settings.send_mail:
            user = self._accounts.get(job.record.username)
            text += f"We have sent a notification email to <b>{user.mail if user else ''}</b>"
        else:
            text += f"We encrypted the results with the following password: <b>{password}</b>"
        job.say(step, text, Severity.OK)


def progress(label: str, done: int, total: int, *, failed: int = 0) -> str:
    """Return Cloudgene's progress bar of a process with `total` tasks."""
    share, broken = done / total * 100, failed / total * 100
    return (
        f"<b>{label} ({done}/{total})</b><br>"
        '<div class="progress" style="width: 100%; margin-top: 15px;">'
        f'\t<div class="progress-bar bg-success" style="width: {share}%;"></div>'
        f'\t<div class="progress-bar bg-primary" style="width: {broken}%;"></div>'
        f'\t<div class="progress-bar bg-light" style="width: {100 - share - broken}%;"></div>'
        "</div>"
    )


def _packed(done: int, total: int) -> str:
    return progress("Compression and Encryption", done, total)


def _change(message: dict[str, Any], text: str, severity: Severity) -> None:
    message["message"], message["type"] = text, severity


def _command(text: str, severity: Severity) -> str:
    kind = {Severity.OK: "message", Severity.WARNING: "warning", Severity.ERROR: "error"}[severity]
    return f"::group type={kind}::\n{text}\n::endgroup::\n"


def _damage(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 64] = bytes(64)
    archive.write_bytes(content)
