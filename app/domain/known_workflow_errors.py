"""Messages of the platform's own workflow (workflows/impute.cwl), its engines, and the platform."""

from app.domain.known_message import Action, known

WORKFLOW = "workflows/impute.cwl"
DEMO = "demo/vcf.py, demo/imputation.py"
NEW_FILE = "Upload the corrected file as a new dataset and submit it."

WORKFLOW_ERRORS = (
    known(
        r"The target cannot be read as VCF(?: or BCF)?|The target is no VCF",
        "The file is no VCF that can be read: it is damaged, or something else.",
        "Open the dataset to see what the platform found in it, and upload a good copy.",
        Action.DATASET,
        source=f"{WORKFLOW}; {DEMO}",
    ),
    known(
        r"The target is cut off: its last block is missing\.",
        "The end of the file is missing, so its last variants are too.",
        "Upload the whole file as a new dataset and submit it.",
        Action.DATASET,
        source=WORKFLOW,
    ),
    known(
        r"The target has no (?P<lacking>samples|variants)",
        "The file has no {lacking}.",
        "Upload a file with genotypes of people: a list of sites cannot be imputed.",
        Action.DATASET,
        source=f"{WORKFLOW}; {DEMO}",
    ),
    known(
        r"The target is not phased: (?:(?P<unphased>\d+) of (?P<variants>\d+) variants|"
        r"(?P<where>\S+)) ha(?:ve|s) (?:the )?genotypes? ",
        "The genotypes are unphased (0/1 instead of 0|1), and this workflow does not phase.",
        "Choose a panel whose service phases, or phase the data first (Eagle, SHAPEIT, Beagle).",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=f"{WORKFLOW}; {DEMO}",
    ),
    known(
        r"The first sample of the target has no genotypes at all\.",
        "The file's first sample is empty, and minimac4 cannot handle that.",
        "Remove that sample (bcftools view -s ^NAME). " + NEW_FILE,
        Action.DATASET,
        source=WORKFLOW,
    ),
    known(
        r"The target cannot be indexed: its variants must be sorted by position, chromosome by "
        r"chromosome",
        "The file's variants are not in order.",
        "Sort it (bcftools sort in.vcf.gz -Oz -o out.vcf.gz). " + NEW_FILE,
        Action.DATASET,
        source=WORKFLOW,
    ),
    known(
        r"The panel does not fit the target(?:, or covers more than it)?: (?:in the panel's region "
        r"(?P<region>\S+)|it has only (?P<shared>\d+) of the target's (?P<asked>\d+)|they share "
        r"(?P<common>\d+) variants)",
        "The panel has too few of the data's sites: genome build or chromosome names differ "
        "(“20” against “chr20”), or the panel covers other chromosomes.",
        "Check build and chromosome names, or choose a panel that covers what the data covers.",
        Action.DATASET,
        Action.OTHER_PANEL,
        source=f"{WORKFLOW}; {DEMO}",
    ),
    known(
        r"The panel is neither MSAV nor VCF or BCF\.|The panel has genotypes that are unphased or "
        r"missing|minimac4 could not compress the panel",
        "The service's panel file cannot be used: this is not about your data.",
        "Choose another panel, and tell an administrator.",
        Action.OTHER_PANEL,
        Action.SERVICE,
        source=WORKFLOW,
    ),
    known(
        r"minimac4 ended with code (?P<code>\d+)",
        "minimac4 stopped with exit code {code}.",
        "The lines before it in the log say why.",
        source=WORKFLOW,
        is_general=True,
    ),
    known(
        r"'(?P<program>minimac4|bcftools|tabix|bgzip)' not found|(?P<missing>minimac4|bcftools|"
        r"tabix|bgzip): (?:command )?not found",
        "The service lacks the program {program}{missing} that the workflow needs.",
        "Tell the service's operators, or choose another panel.",
        Action.SERVICE,
        Action.OTHER_PANEL,
        source="cwltool (subprocess), POSIX sh",
    ),
    known(
        r"The run ended without error, but left no output like (?P<pattern>“[^”]*”)",
        "The service says that all went well, but there is no result.",
        "Ask an administrator: the panel's recipe or the service's workflow may be wrong.",
        Action.SERVICE,
        source="this platform, job_collection.py",
    ),
    known(
        r"The run (?:succeeded|is over), but (?P<service>.{1,200}?) deleted its results .{1,80}?, "
        r"before they were fetched",
        "{service} keeps results for some days only, and none was here by then.",
        "Submit the dataset again: results are fetched as soon as a run ends. The history below "
        "says what stood against it this time.",
        Action.RESUBMIT,
        source="this platform, job_leftovers.py",
    ),
    known(
        r"The content of “(?P<file>[^”]*)” is missing from the platform's store\.",
        "The platform itself no longer has the file {file}.",
        "Upload it again, and tell an administrator.",
        Action.DATASET,
        source="this platform, run_requests.py",
    ),
    known(
        r"“(?P<file>[^”]*)” cannot be read as genotypes\.",
        "The file {file} is no VCF that can be read.",
        "Open the dataset to see why, upload a good copy, and submit again.",
        Action.DATASET,
        source="this platform, run_requests.py",
    ),
    known(
        r"This service ignores files that are sent along",
        "The service takes its input from addresses only, and the panel's recipe sends files.",
        "Ask an administrator to change the recipe, or choose another panel.",
        Action.OTHER_PANEL,
        source="this platform, wes_submit.py",
    ),
    known(
        r"This run was asked to fail on purpose, to show a failure\.",
        "“Fail on purpose” was chosen when this job was submitted to the demo service.",
        "Submit again without it.",
        Action.RESUBMIT,
        source="demo/work.py",
    ),
    known(
        r"completed permanentFail|Final process status is permanentFail",
        "The engine says only that a step of the workflow failed.",
        "The step's own last lines in the log say why.",
        source="cwltool, as Sapporo and wes-service run it",
        is_general=True,
    ),
    known(
        r"The service gave no reason\.",
        "The service says only that the run failed.",
        "Its logs may tell more. The service's operators can look the run up by its number.",
        Action.SERVICE,
        source="this platform, job_collection.py",
        is_general=True,
    ),
)
