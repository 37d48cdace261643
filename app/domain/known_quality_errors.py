"""Messages of the quality control: chunks, strands, alleles, chromosome X, liftover."""

from app.domain.known_message import Action, known

QUALITY = "imputationserver-utils, QualityControlCommand.java"
STATISTICS = "imputationserver-utils, StatisticsTask.java"

QUALITY_ERRORS = (
    known(
        r"No chunks passed the QC step\. Imputation cannot be started!",
        "Every chunk of 20 million bases was left out: too few of its sites are in the panel, or "
        "some sample lacks too many genotypes. Most often the genome build is the wrong one.",
        "Look at the statistics below for the rule that left the chunks out. Check the build; "
        "take out samples with many missing genotypes; choose a panel that fits the data.",
        Action.DATASET,
        Action.OTHER_PANEL,
        source=f"{QUALITY}; AfriGen-D/imputationserver2, docs/errors.md",
    ),
    known(
        r"More than (?P<most>[\d,]+) obvious strand flips have been detected\. Please check strand"
        r"\. Imputation cannot be started!",
        "More than {most} sites have the alleles of the other strand than the panel, so that the "
        "service does not trust the data.",
        "Align the data with the forward strand of the reference genome (bcftools +fixref, or the "
        "strand file of the array), and submit the result.",
        Action.DATASET,
        source=QUALITY,
    ),
    known(
        r"More than (?P<most>[\d,]+) allele switches have been detected\. Imputation cannot be "
        r"started!",
        "At more than {most} sites REF and ALT are the other way round than in the panel.",
        "Set REF to the allele of the reference genome (bcftools norm --check-ref s, or plink2 "
        "--ref-from-fa), and submit the result.",
        Action.DATASET,
        source=QUALITY,
    ),
    known(
        r"Chromosome X nonPAR region includes > ?10 ?% mixed genotypes\. Imputation cannot be "
        r"started!",
        "Outside the pseudoautosomal regions of X, more than 10 % of the genotypes mix one and two "
        "alleles in a way that does not fit a person's sex.",
        "Code males there with one allele throughout, or with two alike throughout (bcftools "
        "+fixploidy), or leave X out.",
        Action.DATASET,
        source=QUALITY,
    ),
    known(
        r"ChrX nonPAR region includes ambiguous samples \(haploid and diploid positions\)\. "
        r"Imputation cannot be started!",
        "Some samples have one allele at some positions of X and two at others, outside the "
        "pseudoautosomal regions. The file chrX-info.txt names them.",
        "Code each of them in one way throughout (bcftools +fixploidy), or leave X out.",
        Action.DATASET,
        source=QUALITY,
    ),
    known(
        r"Currently we do not support liftOver from (?P<have>\w+) to (?P<want>\w+)",
        "The data is {have}, the panel {want}, and this service cannot convert one to the other.",
        "Choose a panel of the data's build, or convert the data with a liftover program first.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=QUALITY,
    ),
    known(
        r"Chain file (?P<file>\S+) not found\.",
        "The service lacks a file that it needs to convert between genome builds.",
        "Tell the service's operators, or choose a panel of the data's own build.",
        Action.SERVICE,
        Action.OTHER_PANEL,
        source=QUALITY,
    ),
    known(
        r"This reference panel doesn't support chromosome (?P<chromosome>\S+?)\.(?= |$)",
        "The panel does not cover chromosome {chromosome}.",
        "Leave that chromosome out, or choose a panel that has it.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=STATISTICS,
    ),
    known(
        r"no more than ?20,?000 SNPs expected per chunk",
        "The data has more than 20,000 variants in a chunk: it is sequenced or imputed already, "
        "and the service takes data of genotyping arrays only.",
        "Submit the sites of the array, without imputed ones.",
        Action.DATASET,
        source="TOPMed; genepi/imputationserver issue 70",
    ),
    known(
        r"Task 'Calculating QC Statistics (?P<detail>[^§]{1,160})",
        "The quality control itself stopped. It was often seen with chromosome X, where the file "
        "says VCF 4.3 or a genotype is written unusually ({detail}).",
        "Submit X by itself, as VCF 4.2 (bcftools annotate, then bcftools view --no-version), and "
        "the other chromosomes without it. Otherwise ask the service's operators.",
        Action.DATASET,
        source=f"{QUALITY}; genepi/imputationserver issue 103, imputationserver2 issue 50",
    ),
    known(
        r"Calculating QC Statistics failed\.?",
        "The quality control itself stopped. It was often seen with chromosome X in VCF 4.3.",
        "Submit X by itself, as VCF 4.2, and the other chromosomes without it. Otherwise ask the "
        "service's operators.",
        Action.DATASET,
        source="genepi/imputationserver issue 103",
    ),
    known(
        r"Minimac reference panel (?P<file>\S+) not found\.",
        "The service lacks a part of its panel, most often chromosome X.",
        "Submit without that chromosome, choose another panel, or tell the service's operators.",
        Action.OTHER_PANEL,
        Action.SERVICE,
        source="genepi/imputationserver issue 63",
    ),
    known(
        r"(?P<chunks>[\d,]+) Chunk\(s\) excluded: < (?P<least>[\d,]+) SNPs",
        "Chunks left out: {chunks}, with fewer than {least} usable sites each. Their regions "
        "have no result. The data is sparse there, or at the ends of a chromosome.",
        "Nothing, if the regions do not matter; chunks-excluded.txt names them. A denser array or "
        "another panel brings them back.",
        Action.OTHER_PANEL,
        source=QUALITY,
        is_warning=True,
    ),
    known(
        r"(?P<chunks>[\d,]+) Chunk\(s\) excluded: at least one sample has a call rate < "
        r"(?P<least>[\d.]+) ?%",
        "Chunks left out: {chunks}, because a sample has fewer than {least} % of its genotypes "
        "there: one bad sample costs all others the region.",
        "Take the samples with many missing genotypes out (chunks-excluded.txt says how many "
        "there are), and submit again.",
        Action.DATASET,
        source=QUALITY,
        is_warning=True,
    ),
    known(
        r"(?P<chunks>[\d,]+) Chunk\(s\) excluded: reference overlap < (?P<least>[\d.]+) ?%",
        "Chunks left out: {chunks}, because fewer than {least} % of their sites are in the panel.",
        "Check the genome build. If it is right, choose a panel that has more of the sites.",
        Action.OTHER_PANEL,
        Action.DATASET,
        source=QUALITY,
        is_warning=True,
    ),
    known(
        r"Uploaded data is (?P<have>\w+) and reference is (?P<want>\w+)\.",
        "The data is {have} and the panel {want}: the service converted the positions, and the "
        "results are {want}.",
        "Nothing, if {want} suits you. Sites that could not be converted are missing.",
        source=QUALITY,
        is_warning=True,
    ),
    known(
        r"Skip allele frequency check\.",
        "Allele frequencies were not compared with the panel's, because no population was given.",
        "Nothing. Choose a population to have them compared.",
        source=QUALITY,
        is_warning=True,
    ),
    known(
        r"QC step failed",
        "The quality control stopped the job.",
        "The messages of the stages and the statistics say which of its rules did.",
        is_general=True,
        source="imputationserver2, main.nf",
    ),
)
