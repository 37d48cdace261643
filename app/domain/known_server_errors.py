"""Messages of the servers themselves: slots, tokens, downloads, maintenance, computing."""

from app.domain.known_message import Action, known

JOBS = "Cloudgene 3, JobService.java"
DOWNLOADS = "Cloudgene 3, DownloadService.java"
APPLICATIONS = "Cloudgene 3, ApplicationService.java"
PIPELINE = "imputationserver2, main.nf"

SERVER_ERRORS = (
    known(
        r"Only (?P<most>\d+) jobs per user can be executed simultaneously\.?",
        "The service runs at most {most} of your jobs at a time, and that many are there.",
        "Nothing: the job waits here and is sent as soon as a place is free.",
        Action.JOBS,
        source=JOBS,
    ),
    known(
        r"number of max downloads exceeded\.?",
        "The file was downloaded as often as the service allows, and is not handed out any more.",
        "Ask the service's operators to reset the counter, or submit the dataset again.",
        Action.SERVICE,
        Action.RESUBMIT,
        source=DOWNLOADS,
    ),
    known(
        r"download not found\.|File not found in workspace\.|Param for hash \S+ not found\.",
        "The service does not have the file any more: results are deleted after some days.",
        "Submit the dataset again. The results of a later job are fetched as soon as it ends.",
        Action.RESUBMIT,
        source=f"{DOWNLOADS}; DownloadController.java",
    ),
    known(
        r"Job (?P<run>\S+) is not pending\.",
        "The run cannot be started again: it is not interrupted, or runs already.",
        "Nothing: it is followed as it is.",
        source=JOBS,
    ),
    known(
        r"This functionality is currently under maintenance\.",
        "The service is under maintenance and takes no jobs.",
        "Nothing: it is tried again by itself.",
        Action.SERVICE,
        source=APPLICATIONS,
    ),
    known(
        r"Application '?(?P<app>[^' ]+)'? not found(?: or the request requires user "
        r"authentication)?\.",
        "The service does not offer this application ({app}) any more, or not to this account.",
        "An administrator should read the service's panels anew. Meanwhile choose another panel.",
        Action.OTHER_PANEL,
        Action.SERVICE,
        source=f"{APPLICATIONS}; JobService.java",
    ),
    known(
        r"Parameter '(?P<name>[^']+)' not found\.",
        "The service does not know the field “{name}” that was sent: its form has changed.",
        "An administrator should read the service's panels anew; then submit again.",
        Action.SERVICE,
        source="Cloudgene 3, JobParameterParser.java",
    ),
    known(
        r"API Token was created by (?P<account>\S+) and expired on (?P<day>[^.]+)\.",
        "The token of {account} at the service expired on {day}.",
        "Make a new token at the service itself, and enter it here, on the service's page.",
        Action.TOKENS,
        source="Cloudgene 3, ValidatedApiTokenResponse.java",
    ),
    known(
        r"Invalid API Token\.",
        "The service does not accept the token: it was revoked, or mistyped.",
        "Make a new token at the service itself, and enter it here, on the service's page.",
        Action.TOKENS,
        source="Cloudgene 3, AuthenticationService.java",
    ),
    known(
        r"Access denied\.",
        "The account that the token belongs to may not see this run.",
        "Enter the token of the account that started it here, on the service's page.",
        Action.TOKENS,
        source=JOBS,
    ),
    known(
        r"(?:Pipeline execution canceled\.|Canceled by user\.|Imputation job canceled\.)",
        "The run was cancelled at the service, by its owner or its operators.",
        "Submit again, if that was not meant.",
        Action.RESUBMIT,
        source=f"Cloudgene 3, AbstractJob.java, NextflowStep.java; {PIPELINE}",
    ),
    known(
        r"Data Export failed",
        "The run ended well, but the service could not put its results where they are fetched.",
        "Ask the service's operators, who may find them, or submit again.",
        Action.SERVICE,
        Action.RESUBMIT,
        source="Cloudgene 3, AbstractJob.java",
    ),
    known(
        r"Unable to parse reference panel",
        "The service cannot read the description of its own panel.",
        "Choose another panel, and tell the service's operators.",
        Action.OTHER_PANEL,
        Action.SERVICE,
        source="imputationserver-utils, InputValidationCommand.java",
    ),
    known(
        r"not enough target variants are available to impute this chunk",
        "In some part of the panel the data has too few sites to impute from. Most often genome "
        "build or chromosome names do not fit the panel (“20” against “chr20”).",
        "Check build and chromosome names, or choose a panel that covers what the data covers.",
        Action.DATASET,
        Action.OTHER_PANEL,
        source="minimac4 4.1.2",
    ),
    known(
        r"Target and ref have too few matching SNPs \(M = (?P<shared>\d+)\)",
        "Only {shared} sites of a chunk are in the panel, too few to phase with Eagle.",
        "Check the genome build, or choose a panel that has more of the sites.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source="Eagle 2, SyncedVcfData.cpp",
    ),
    known(
        r"failed \(out of memory\)|OutOfMemoryError|exit status \(137\)|exited with status: 137",
        "The service ran out of memory.",
        "Submit again, fewer samples or chromosomes at a time, or ask the service's operators.",
        Action.RESUBMIT,
        Action.SERVICE,
        source="Nextflow; cwltool; AfriGen-D/imputationserver2, docs/errors.md",
    ),
    known(
        r"failed \(segmentation fault\)|exit status \(139\)|exited with status: 139",
        "A program of the service crashed, most often over a damaged piece of the data.",
        "Write the file anew (bcftools sort, which ends with a check), and submit the result.",
        Action.DATASET,
        source="Nextflow; cwltool; AfriGen-D/imputationserver2, docs/errors.md",
    ),
    known(
        r"No space left on device",
        "The service's disk is full.",
        "Tell the service's operators, and submit again later or elsewhere.",
        Action.SERVICE,
        Action.OTHER_PANEL,
        source="POSIX ENOSPC, as bcftools, minimac4 and Nextflow print it",
    ),
    known(
        r"Imputation job failed\.|Pipeline execution failed\.|Job Execution failed",
        "The service says only that the run failed.",
        "The messages of the stages and the logs may say more. The service's operators can look "
        "the run up by its number.",
        Action.SERVICE,
        source=f"{PIPELINE}; Cloudgene 3, NextflowStep.java",
        is_general=True,
    ),
)
