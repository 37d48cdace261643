"""What a run does: check the target, impute it, report."""

from demo import imputation, results, vcf
from demo.panel import Panel
from demo.runs import Run, RunFailure
from demo.submission import read_parameters


def work(run: Run, panel: Panel) -> None:
    """Impute a run's target; RunFailure where its data do not allow it."""
    params = run.record.request["workflow_params"]
    attachments = [
        path.relative_to(run.inputs).as_posix() for path in run.inputs.rglob("*") if path.is_file()
    ]
    parameters = read_parameters(params, attachments)
    run.log("This is a simulation: a small model on a simulated panel, for demonstrations.")
    try:
        with run.task("check"):
            target = vcf.read(run.inputs / parameters.target)
            shared, _ = imputation.shared_variants(panel, target)
            run.log(f"{len(target.samples)} samples, {len(shared)} variants shared with the panel")
        with run.task("impute"):
            run.wait(parameters.seconds_to_wait)
            if parameters.fail_on_purpose:
                raise RunFailure("This run was asked to fail on purpose, to show a failure.")
            imputed = imputation.impute(
                panel, target, mismatch_rate=parameters.mismatch_rate, between_batches=run.wait
            )
        with run.task("report"):
            results.write(run.outputs, panel, target, imputed, min_r2=parameters.min_r2)
            run.stdout.write_text((run.outputs / "stats.json").read_text())
    except vcf.UnusableTarget as problem:
        raise RunFailure(str(problem)) from problem
