"""What a service says of a failure is explained in words that a researcher can act on."""

import pytest

from app.domain.error_catalogue import CATALOGUE, explain
from app.domain.known_message import Action

# (the message as its program writes it, words of its meaning)
VERBATIM = [
    (
        "The provided VCF file is malformed.\nError: [E::hts_idx_push] Unsorted positions on "
        "sequence #1: 200 followed by 100\ntbx_index_build failed: chr20.vcf.gz",
        "not in order",
    ),
    (
        "The provided VCF file is malformed.\nError: [tabix] the compression of 'chr20.vcf.gz' is "
        "not BGZF",
        "gzip instead of bgzip",
    ),
    (
        "The provided VCF file is malformed. Error during index creation: Error parsing line",
        "could not index",
    ),
    ("The provided VCF file is not tab-delimited", "separated by tabs"),
    ("The provided VCF file is not correct tab-delimited", "separated by tabs"),
    (
        "The provided VCF file contains more than one chromosome. Please split your input VCF "
        "file by chromosome",
        "one file for each chromosome",
    ),
    (
        "The provided VCF file is malformed at variation rs6: reference allele (A) and alternate "
        "allele  (A) are the same.",
        "The variant rs6 has the same allele A",
    ),
    ("Two individuals or more have the following ID: NA12878", "the same name, NA12878"),
    ("Invalid chromosome found: 26", "does not impute the chromosome 26"),
    (
        "Please double check, if all uploaded VCF files include the same amount of samples "
        "(51 vs 50)",
        "51 and 50",
    ),
    ("At least 20 samples must be uploaded.", "fewer than 20 samples"),
    ("The number of samples is below the required minimum (20).", "fewer than 20 samples"),
    (
        "The maximum number of samples is 50000. Please contact Admin (admin@localhost) to "
        "discuss this large imputation.",
        "at most 50000 samples",
    ),
    ("The number of samples exceeds the maximum allowed (50000).", "at most 50000 samples"),
    (
        "Your upload data contains chromosome 'chr20'. This is not a valid hg19 encoding. Please "
        "ensure that your input data is build hg19 and chromosome is encoded as '20'.",
        "sent as hg19",
    ),
    (
        "Your upload data contains chromosome '20'. This is not a valid hg38 encoding. Please "
        "ensure that your input data is build hg38 and chromosome is encoded as 'chr20'.",
        "named like chr20",
    ),
    ("Your input data is unphased. Please select an algorithm for phasing.", "no phasing"),
    (
        "Population 'afr' is not supported by reference panel 'hapmap2'.\nAvailable populations:\n"
        " - eur\n - off",
        "The panel hapmap2 has no population “afr”",
    ),
    ("The provided files are not VCF files (see Help).", "no VCF file"),
    ("No vcf.gz input files detected.", "no VCF file"),
    ("NO_VCF_DETECTED", "no VCF file"),
    (
        "The run succeeded, but Michigan deleted its results on 2026-11-02 at 10:00 UTC, before "
        "they were fetched: “chr_20.zip”.\nSubmit the job again to get them.",
        "Michigan keeps results for some days only",
    ),
    (
        "No genotypes found in the VCF file. It appears the file contains only the header.",
        "no variants",
    ),
    ("No GT field found in FORMAT column.", "no genotypes (GT)"),
    ("Line 812: different number of samples.", "Line 812"),
    (
        "For phasing, only options 'eagle', 'beagle' or 'no_phasing' are allowed.",
        "phasing program",
    ),
    (
        '"code": "BUILD_MISMATCH", "summary": "NO MATCHES FOUND -- Build mismatch -- VCF is b37 '
        '(GRCh37/hg19), reference panel is b38 (GRCh38/hg38)."',
        "another one than the panel's",
    ),
    ("CHROMOSOME_MISMATCH", "does not have the data's chromosomes"),
    ("NO_LEGEND_DETECTED", "did not find its own panel"),
    ("MATCHING_FAILED", "could not bring the files together"),
    (
        "Remaining chunk(s): 0\n\nError: No chunks passed the QC step. Imputation cannot be "
        "started!",
        "Every chunk",
    ),
    (
        "Error: More than 100 obvious strand flips have been detected. Please check strand. "
        "Imputation cannot be started!",
        "More than 100 sites",
    ),
    (
        "Error: More than 300 allele switches have been detected. Imputation cannot be started!",
        "At more than 300 sites",
    ),
    (
        "Error: Chromosome X nonPAR region includes > 10 % mixed genotypes. Imputation cannot be "
        "started!",
        "more than 10 % of the genotypes",
    ),
    (
        "Error: ChrX nonPAR region includes ambiguous samples (haploid and diploid positions). "
        "Imputation cannot be started! See chrX-info.txt",
        "one allele at some positions",
    ),
    ("Currently we do not support liftOver from hg38 to hg18", "The data is hg38"),
    ("Chain file /opt/hg19Tohg38.over.chain.gz not found.", "lacks a file"),
    (
        "Task 'Calculating QC Statistics This reference panel doesn't support chromosome 4. File "
        "./hapmap.chr4.sites.gz not found.",
        "does not cover chromosome 4",
    ),
    (
        "Input genotypes are expect to come from array genotypes with no more than\n20000 SNPs "
        "expected per chunk",
        "more than 20,000 variants",
    ),
    ('Task \'Calculating QC Statistics For input string: "ME"', "quality control itself stopped"),
    ("Calculating QC Statistics failed.", "quality control itself stopped"),
    (
        "Minimac reference panel cloudgene/apps/1000g/X.nonPAR.m3vcf.gz not found.",
        "lacks a part of its panel",
    ),
    (
        "Warning: 3 Chunk(s) excluded: < 3 SNPs (see chunks-excluded.txt for details).",
        "Chunks left out: 3, with fewer than 3 usable sites each",
    ),
    (
        "Warning: 251 Chunk(s) excluded: at least one sample has a call rate < 50.0% (see "
        "chunks-excluded.txt for details).",
        "fewer than 50.0 %",
    ),
    (
        "Warning: 43 Chunk(s) excluded: reference overlap < 50.0% (see  chunks-excluded.txt for "
        "details).",
        "Chunks left out: 43",
    ),
    ("Uploaded data is hg19 and reference is hg38.", "the results are hg38"),
    ("Skip allele frequency check.", "no population was given"),
    ("QC step failed", "quality control stopped the job"),
    ("Only 3 jobs per user can be executed simultaneously.", "at most 3 of your jobs"),
    ("number of max downloads exceeded.", "not handed out any more"),
    ("download not found.", "does not have the file any more"),
    ("File not found in workspace.", "does not have the file any more"),
    ("Job job-20261123-1 is not pending.", "cannot be started again"),
    ("This functionality is currently under maintenance.", "under maintenance"),
    (
        "Application imputationserver2 not found or the request requires user authentication.",
        "(imputationserver2)",
    ),
    ("Application 'imputationserver2' not found.", "(imputationserver2)"),
    ("Parameter 'refpanel' not found.", "“refpanel”"),
    (
        "API Token was created by ada and expired on Mon Nov 23 07:22:00 UTC 2026.",
        "The token of ada at the service expired",
    ),
    ("Invalid API Token.", "does not accept the token"),
    ("Access denied.", "may not see this run"),
    ("Pipeline execution canceled.", "cancelled at the service"),
    ("Imputation job canceled.", "cancelled at the service"),
    ("Data Export failed.", "could not put its results"),
    ("Unable to parse reference panel: null", "description of its own panel"),
    (
        "Error: not enough target variants are available to impute this chunk. The --min-ratio, "
        "--chunk, or --region options may need to be altered.",
        "too few sites to impute from",
    ),
    ("ERROR: Target and ref have too few matching SNPs (M = 0)", "Only 0 sites"),
    ("Imputation job failed (out of memory).", "ran out of memory"),
    (
        "Process `MINIMAC4 (chunk_20)` terminated with an error exit status (137)",
        "ran out of memory",
    ),
    ("[job impute] exited with status: 139", "crashed"),
    ("write error: No space left on device", "disk is full"),
    ("Imputation job failed.", "says only that the run failed"),
    ("Pipeline execution failed.", "says only that the run failed"),
    (
        "impute: The target cannot be read as VCF or BCF: see the lines above.",
        "no VCF that can be read",
    ),
    (
        "Error: The target is no VCF: it does not begin with ##fileformat=VCF.",
        "no VCF that can be read",
    ),
    (
        "impute: The target is cut off: its last block is missing. Upload it again.",
        "end of the file is missing",
    ),
    ("impute: The target has no samples, only sites.", "has no samples"),
    ("impute: The target has no variants.", "has no variants"),
    (
        "impute: The target is not phased: 7 of 90 variants have genotypes like 0/1 instead of "
        "0|1, the first at 20:61098. minimac4 would impute them as if they were phased.",
        "does not phase",
    ),
    (
        "Error: The target is not phased: 20:61098 has the genotype 0/1. Imputation needs 0|1 "
        "instead of 0/1.",
        "does not phase",
    ),
    (
        "impute: The first sample of the target has no genotypes at all. Remove it, or send the "
        "right file.",
        "first sample is empty",
    ),
    (
        "impute: The target cannot be indexed: its variants must be sorted by position, "
        "chromosome by chromosome (bcftools sort).",
        "not in order",
    ),
    (
        "impute: The panel does not fit the target, or covers more than it: in the panel's region "
        "20:1-2000 the target has too few of the panel's variants. Chromosomes of the target: "
        "chr20.",
        "too few of the data's sites",
    ),
    (
        "impute: The panel does not fit the target: it has only 3 of the target's 90 variants. "
        "Check the panel and the genome build; min_overlap (now 0.1) sets the smallest share.",
        "too few of the data's sites",
    ),
    (
        "Error: The panel does not fit the target: they share 0 variants. This simulated panel "
        "covers 20:1-2, the target has 21.",
        "too few of the data's sites",
    ),
    ("impute: The panel is neither MSAV nor VCF or BCF.", "not about your data"),
    ("impute: minimac4 ended with code 3: see the lines above.", "exit code 3"),
    (
        "ERROR 'bcftools' not found: [Errno 2] No such file or directory: 'bcftools'",
        "lacks the program bcftools",
    ),
    ("check.sh: 12: tabix: not found", "lacks the program tabix"),
    (
        "The run ended without error, but left no output like “*.vcf.gz”. It left: nothing.",
        "there is no result",
    ),
    (
        "The content of “chr20.vcf.gz” is missing from the platform's store. Upload it again, and "
        "tell an administrator.",
        "no longer has the file chr20.vcf.gz",
    ),
    (
        "“chr20.vcf.gz” cannot be read as genotypes. Open the dataset to see why, upload a good "
        "copy, and submit again.",
        "The file chr20.vcf.gz is no VCF",
    ),
    (
        "This service ignores files that are sent along: the panel's recipe must give the inputs "
        "as URLs.",
        "addresses only",
    ),
    ("Error: This run was asked to fail on purpose, to show a failure.", "was chosen"),
    ("WARNING Final process status is permanentFail", "a step of the workflow failed"),
    ("The service gave no reason. Its logs below may tell more.", "says only that the run failed"),
]


@pytest.mark.parametrize(("said", "meaning"), VERBATIM)
def test_a_known_message_is_explained_with_what_to_do(said: str, meaning: str) -> None:
    explained = explain([said])[0]
    assert meaning in explained.meaning
    assert explained.said in " ".join(said.split())
    assert explained.cure
    assert "{" not in explained.meaning + explained.cure


def test_every_entry_of_the_catalogue_is_tried_with_the_words_of_its_program() -> None:
    texts = [" ".join(said.split()) for said, _meaning in VERBATIM]
    untried = [
        entry.pattern.pattern
        for entry in CATALOGUE
        if not any(entry.pattern.search(text) for text in texts)
    ]
    assert untried == []
    assert all(entry.source for entry in CATALOGUE)


def test_a_message_that_tells_more_stands_in_place_of_those_that_tell_only_of_a_failure() -> None:
    said = ["Pipeline execution failed.", "At least 20 samples must be uploaded.", "QC step failed"]
    assert [one.said for one in explain(said)] == ["At least 20 samples must be uploaded."]
    assert len(explain(["Imputation job failed.", "QC step failed"])) == 1


def test_a_message_is_explained_once_however_often_it_is_said() -> None:
    said = "The provided VCF file is malformed. Error: Unsorted positions on sequence #1"
    assert len(explain([said, said])) == 1
    assert len(explain([f"Error: {said}"])) == 1


def test_what_a_run_could_go_on_with_is_left_out_where_an_error_ended_it() -> None:
    warning = "Warning: 3 Chunk(s) excluded: < 3 SNPs (see chunks-excluded.txt for details)."
    error = "Error: No chunks passed the QC step. Imputation cannot be started!"
    assert [one.actions[0] for one in explain([f"{warning}\n{error}"])] == [Action.DATASET]
    assert len(explain([warning, "Skip allele frequency check."])) == 2


def test_an_unknown_message_has_no_explanation() -> None:
    assert explain(["Something quite new happened", "", "  "]) == []
