"""Messages about the files that were sent: their form, samples, chromosomes and phase."""

from app.domain.known_message import Action, known

# github.com/genepi/imputationserver-utils v1.5.3
VALIDATION = "imputationserver-utils, InputValidationCommand.java"
VCF = "imputationserver-utils, VcfFileUtil.java"
PARSER = "imputationserver-utils, VCFLineParser.java"
PIPELINE = "imputationserver2, main.nf"
AFRIGEN = "AfriGen-D/imputationserver2, docs/errors.md"
CHECKREF = "AfriGen-D/checkref, docs/errors.md"

MALFORMED = r"The provided VCF file is malformed\.(?: Error(?: during index creation)?:)? ?"
NEW_FILE = "Upload the corrected file as a new dataset and submit it."

INPUT_ERRORS = (
    known(
        MALFORMED
        + r"(?=[^§]{0,400}(?:unsorted|not sorted|out of order|not continuous))[^§]{0,300}",
        "The file's variants are not in order, so the service cannot index it.",
        "Sort it (bcftools sort in.vcf.gz -Oz -o out.vcf.gz). " + NEW_FILE,
        Action.DATASET,
        source="imputationserver2, input_validation_vcf.nf (the words of tabix)",
    ),
    known(
        MALFORMED + r"(?=[^§]{0,400}(?:BGZF|bgzip|block.compressed))[^§]{0,300}",
        "The file is compressed with gzip instead of bgzip, so the service cannot index it.",
        "Compress it anew (bcftools view in.vcf.gz -Oz -o out.vcf.gz). " + NEW_FILE,
        Action.DATASET,
        source="imputationserver2, input_validation_vcf.nf (the words of tabix)",
    ),
    known(
        MALFORMED + r"(?P<detail>[^§]{0,300})",
        "The service could not index the file: it is unsorted, damaged, cut off, or compressed "
        "with gzip instead of bgzip.",
        "Open the dataset to see what the platform found in the file; sort and compress it anew "
        "(bcftools sort in.vcf.gz -Oz -o out.vcf.gz). " + NEW_FILE,
        Action.DATASET,
        source=f"{VCF}; {AFRIGEN}",
    ),
    known(
        r"The provided VCF file is not (?:correct )?tab-delimited",
        "A line of the file does not have the columns of VCF, separated by tabs.",
        "Write the file anew with a tool that knows VCF (bcftools view). " + NEW_FILE,
        Action.DATASET,
        source=f"{VCF}; {PARSER}",
    ),
    known(
        r"The provided VCF file contains more than one chromosome\. Please split your input VCF "
        r"file by chromosome",
        "The service wants one file for each chromosome, and one of the files has several.",
        "Split it by chromosome (bcftools view -r 20 in.vcf.gz -Oz -o chr20.vcf.gz), and upload "
        "the files as one dataset.",
        Action.DATASET,
        source=VCF,
    ),
    known(
        r"The provided VCF file is malformed at variation (?P<variant>\S+): reference allele "
        r"\((?P<ref>[^)]*)\) and alternate allele \((?P<alt>[^)]*)\) are the same\.",
        "The variant {variant} has the same allele {ref} as REF and as ALT.",
        "Take such variants out, or set their alleles right (bcftools norm --check-ref w). "
        + NEW_FILE,
        Action.DATASET,
        source=VCF,
    ),
    known(
        r"Two individuals or more have the following ID: (?P<sample>\S+)",
        "Two samples of the file have the same name, {sample}.",
        "Give every sample its own name (bcftools reheader --samples). " + NEW_FILE,
        Action.DATASET,
        source=VCF,
    ),
    known(
        r"Invalid chromosome found: (?P<chromosome>\S+)",
        "The service does not impute the chromosome {chromosome}, or knows it by another name.",
        "Leave that chromosome out, or rename it (bcftools annotate --rename-chrs): most services "
        "take 1 to 22 and X.",
        Action.DATASET,
        Action.OTHER_PANEL,
        source=VALIDATION,
    ),
    known(
        r"Please double check, if all uploaded VCF files include the same amount of samples "
        r"\((?P<one>\d+) vs (?P<other>\d+)\)",
        "The files of the dataset have different numbers of samples: {one} and {other}.",
        "Upload files with the same samples in all of them, or submit them as separate datasets.",
        Action.DATASET,
        source=VALIDATION,
    ),
    known(
        r"(?:At least (?P<least>[\d,]+) samples must be uploaded\.?|The number of samples is below "
        r"the required minimum \((?P<fewest>[\d,]+)\)\.?)",
        "The service imputes no dataset with fewer than {least}{fewest} samples.",
        "Choose a service with a smaller minimum, or add samples to the dataset.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=f"{VALIDATION}; {AFRIGEN}",
    ),
    known(
        r"(?:The maximum number of samples is (?P<most>[\d,]+)\.?|The number of samples exceeds "
        r"the maximum allowed \((?P<allowed>[\d,]+)\)\.?)",
        "The service takes at most {most}{allowed} samples in one job.",
        "Split the dataset by samples (bcftools view -S) and submit the parts, choose another "
        "service, or ask this one's operators.",
        Action.DATASET,
        Action.OTHER_PANEL,
        source=f"{VALIDATION}; {AFRIGEN}",
    ),
    known(
        r"Your upload data contains chromosome '(?P<found>[^']*)'\. This is not a valid "
        r"(?P<build>hg19|hg38) encoding\. Please ensure that your input data is build \w+ and "
        r"chromosome is encoded as '(?P<wanted>[^']*)'\.?",
        "The job was sent as {build}, where chromosomes are named like {wanted}, but the file says "
        "{found}: the build was given wrongly, or the chromosomes are named unusually.",
        "If the data is of the other build, submit again with that build. If it is {build}, rename "
        "the chromosomes (bcftools annotate --rename-chrs).",
        Action.RESUBMIT,
        Action.DATASET,
        source=VALIDATION,
    ),
    known(
        r"Your input data is unphased\. Please select an algorithm for phasing\.",
        "The genotypes are unphased (0/1 instead of 0|1), and no phasing was chosen.",
        "Submit again and choose a phasing program (Eagle or Beagle).",
        Action.RESUBMIT,
        source=VALIDATION,
    ),
    known(
        r"Population '(?P<population>[^']*)' is not supported by reference panel '(?P<panel>[^']*)"
        r"'\.(?: Available populations:(?P<available>(?: - \S+)+))?",
        "The panel {panel} has no population “{population}”.",
        "Submit again with a population that the panel has, or without the allele frequency check.",
        Action.POPULATION_OFF,
        Action.OTHER_PANEL,
        source=VALIDATION,
    ),
    known(
        r"(?:The provided files are not VCF files|No vcf\.gz input files detected\.?|No vcf files "
        r"provided\.?|NO_VCF_DETECTED)",
        "The service found no VCF file among what was sent. The upload may have been cut off, or "
        "the files do not end in .vcf.gz.",
        "Check that the files are bgzipped VCF and end in .vcf.gz, and submit again.",
        Action.DATASET,
        Action.RESUBMIT,
        source=f"{VALIDATION}; {PIPELINE}; {CHECKREF}",
    ),
    known(
        r"No genotypes found in the VCF file\. It appears the file contains only the header\.",
        "The file has a header, but no variants.",
        "Upload the whole file. The upload or the export that made it may have been cut off.",
        Action.DATASET,
        source="imputationserver-utils, VcfFile.java",
    ),
    known(
        r"No GT field found in FORMAT column\.",
        "The file has no genotypes (GT) at some variant, perhaps only probabilities or dosages.",
        "Export genotypes (plink2 --export vcf). " + NEW_FILE,
        Action.DATASET,
        source=PARSER,
    ),
    known(
        r"Line (?P<line>\d+): different number of samples\.",
        "Line {line} of the file has another number of genotypes than the header has samples.",
        "The file is damaged or cut off there: write and upload it anew.",
        Action.DATASET,
        source="imputationserver-utils, FastVCFFileReader.java",
    ),
    known(
        r"For phasing, only options 'eagle', 'beagle' or 'no_phasing' are allowed\.",
        "The job was sent with a phasing program that the service does not know.",
        "Submit again with Eagle, Beagle or no phasing. If the form offers only others, an "
        "administrator should read the service's panels anew.",
        Action.RESUBMIT,
        source=f"{PIPELINE}; {AFRIGEN}",
    ),
    known(
        r"BUILD_MISMATCH",
        "The genome build of the data is another one than the panel's.",
        "Choose a panel of the data's build, or convert the data with a liftover program and "
        "submit the result.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=CHECKREF,
    ),
    known(
        r"CHROMOSOME_MISMATCH",
        "Data and panel are of one build, but the panel does not have the data's chromosomes.",
        "Choose a panel that covers them, or submit only the chromosomes that this one covers.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=CHECKREF,
    ),
    known(
        r"NO_LEGEND_DETECTED",
        "The service did not find its own panel: its configuration is wrong, not the data.",
        "Tell the service's operators, or choose another panel.",
        Action.SERVICE,
        Action.OTHER_PANEL,
        source=CHECKREF,
    ),
    known(
        r"MATCHING_FAILED",
        "The service could not bring the files together with its panel's: chromosomes may be named "
        "in two ways in one file, or a file is empty or damaged.",
        "Open the dataset to see how its chromosomes are named, and read the log for those that "
        "the service found.",
        Action.DATASET,
        source=CHECKREF,
    ),
)
