"""The numbers of an imputation server's quality control are read from what it says and leaves."""

import json

from app.domain.qc_files import is_list, read_list
from app.domain.qc_findings import findings_of
from app.domain.qc_statistics import (
    QcStatistics,
    kept_and_excluded,
    read_messages,
    statistics_of,
)

VALIDATION = """1 valid VCF file(s) found.

Samples: 51
Chromosomes: 20
SNPs: 7824
Chunks: 4
Datatype: unphased
Build: hg19
Reference Panel: hapmap2 (hg19)
Population: eur
Phasing: eagle
Mode: imputation"""
STATISTICS = """Statistics:
Alternative allele frequency > 0.5 sites: 2,296
Reference Overlap: 99.00 %
Match: 7,735
Allele switch: 0
Strand flip: 0
Strand flip and allele switch: 0
A/T, C/G genotypes: 0
Filtered sites:
Filter flag set: 0
Invalid alleles: 0
Multiallelic sites: 0
Duplicated sites: 0
NonSNP sites: 0
Monomorphic sites: 11
Allele mismatch: 0
SNPs call rate < 90%: 0"""
TOTALS = """Excluded sites in total: 11
Remaining sites in total: 7,735
See snps-excluded.txt for details
Typed only sites: 78
See typed-only.txt for details

Warning: 4 Chunk(s) excluded: < 10000 SNPs (see chunks-excluded.txt for details).

Remaining chunk(s): 0

Error: No chunks passed the QC step. Imputation cannot be started!"""
# What the first generation said, where allele switches are counted, but those sites are kept.
FIRST_GENERATION = (
    "Statistics: Alternative allele frequency > 0.5 sites: 27 Reference Overlap: 98.21 % "
    "Match: 272,248 Allele switch: 100,573 Strand flip: 125 Strand flip and allele switch: 99 "
    "A/T, C/G genotypes: 20,038 Filtered sites: Filter flag set: 0 Monomorphic sites: 8,327 "
    "Allele mismatch: 117 SNPs call rate < 90%: 0 Excluded sites in total: 8,668 "
    "Remaining sites in total: 392,859 Typed only sites: 7,155 "
    "Warning: 4 Chunk(s) excluded: < 20 SNPs (see chunks-excluded.txt for details). "
    "Warning: 43 Chunk(s) excluded: reference overlap < 50.0% (see  chunks-excluded.txt for "
    "details). Warning: 251 Chunk(s) excluded: at least one sample has a call rate < 50.0% (see "
    "chunks-excluded.txt for details). Remaining chunk(s): 1"
)


def read(*texts: str) -> QcStatistics:
    found = statistics_of(read_messages(texts))
    assert found is not None
    return found


def test_every_number_of_the_server_s_messages_is_read() -> None:
    one = read(VALIDATION, STATISTICS, TOTALS)
    assert (one.samples, one.chromosomes, one.variants, one.chunks) == (51, ["20"], 7824, 4)
    assert (one.data_type, one.build, one.panel) == ("unphased", "hg19", "hapmap2 (hg19)")
    assert (one.population, one.phasing, one.mode) == ("eur", "eagle", "imputation")
    assert (one.overlap, one.match, one.frequent_alternative) == (99.0, 7735, 2296)
    assert (one.monomorphic, one.strand_flip, one.low_call_rate) == (11, 0, 0)
    assert (one.excluded, one.remaining, one.typed_only) == (11, 7735, 78)
    assert (one.chunks_few_snps, one.chunks_few_snps_limit) == (4, 10000)
    assert (one.chunks_remaining, one.chunks_excluded) == (0, 4)


def test_messages_that_come_as_one_line_tell_the_same() -> None:
    one = read(FIRST_GENERATION)
    assert (one.allele_switch, one.strand_flip, one.strand_flip_and_switch) == (100_573, 125, 99)
    assert (one.chunks_few_snps, one.chunks_low_overlap, one.chunks_low_call_rate) == (4, 43, 251)
    assert (one.chunks_low_overlap_limit, one.chunks_remaining) == (50.0, 1)
    assert read(" ".join(VALIDATION.split())).chromosomes == ["20"]


def test_an_overlap_below_one_percent_is_read_and_other_texts_tell_nothing() -> None:
    assert read("Reference Overlap: .42 %").overlap == 0.42
    assert statistics_of(read_messages(["Lift Over", "Build: is running", ""])) is None
    assert statistics_of({}) is None


def test_the_reasons_add_up_to_the_server_s_own_total() -> None:
    first = kept_and_excluded(read(FIRST_GENERATION))
    assert first[:3] == [
        ("Kept, in the panel", 392_859),
        ("Kept, typed only", 7155),
        ("Monomorphic", 8327),
    ]
    assert sum(count for _title, count in first[2:]) == 8668
    second = read("Allele switch: 40 Monomorphic sites: 2 Excluded sites in total: 42")
    assert kept_and_excluded(second) == [("Allele switch", 40), ("Monomorphic", 2)]


def test_what_stands_out_is_said_in_plain_words_the_gravest_first() -> None:
    assert findings_of(read(STATISTICS)) == []
    said = [finding.text for finding in findings_of(read(FIRST_GENERATION))]
    assert said[0].startswith("4 chunks were left out, with fewer than 20 usable sites")
    assert any("224 sites are on the other strand" in text for text in said)
    assert any("REF and ALT the other way round" in text for text in said)
    low = findings_of(read("Reference Overlap: 62.00 %"))
    assert [one.text for one in low] == [
        "Overlap with the panel is 62 %: below 50 % a chunk is left out."
    ]
    assert findings_of(read("Reference Overlap: 1.23 %"))[0].is_grave


def test_the_lists_of_excluded_sites_are_counted_by_reason_and_chromosome() -> None:
    excluded = (
        "ID\tCHROM\tPOS\tREF\tALT\tINFO\nrs1\t20\t2187430\tG\tA\tMonomorphic\n"
        "rs2\t20\t5\tG\tA\tAllele switch. Reference Panel: A/G\n"
        "rs3\t21\t5\tG\tA\tAllele switch. Reference Panel: A/C\n"
    )
    assert read_list("statistics/snps-excluded.txt", excluded.splitlines()) == {
        "by_chromosome": {"Monomorphic": {"20": 1}, "Allele switch": {"20": 1, "21": 1}}
    }
    old = "#Position\tFilterType\tInfo\n20:61098:C:T\tMonomorphic\t\n"
    assert read_list("snps-excluded.txt", old.splitlines()) == {
        "by_chromosome": {"Monomorphic": {"20": 1}}
    }
    typed = "ID\tCHROM\tPOS\tREF\tALT\n.\t20\t161502\tC\tT\n"
    assert read_list("snps-typed-only.txt", typed.splitlines()) == {
        "by_chromosome": {"Typed only": {"20": 1}}
    }


def test_the_list_of_excluded_chunks_tells_where_results_are_missing() -> None:
    rows = (
        "CHUNK\tSNPS\tREFERENCE_OVERLAP\tSAMPLES_LOW_CALL_RATE\n"
        "chunk_1_0120000001_0140000000\t108\t0.9391304347826087\t19\n"
        "chunk_X.nonPAR_0000000001_0020000000\t0\tNaN\t0\n"
    )
    assert read_list("chunks-excluded.txt", rows.splitlines()) == {
        "excluded_chunks": [
            {"region": "1:120000001-140000000", "snps": 108, "overlap": 93.91, "low_samples": 19},
            {"region": "X.nonPAR:1-20000000", "snps": 0, "overlap": None, "low_samples": 0},
        ]
    }


def test_what_no_database_keeps_is_left_out_of_what_servers_write() -> None:
    chunks = ["CHUNK\tSNPS\tOVERLAP\tLOW", "chunk_1_1_2\t5\tinf\t0"]
    chunks += [f"chunk_1_1_{'9' * 5000}\t5\t0.5\t0", f"chunk_1_1_2\t{'9' * 5000}\t0.5\t0"]
    (chunk,) = read_list("chunks-excluded.txt", chunks)["excluded_chunks"]
    assert chunk["overlap"] is None
    sites = ["ID\tCHROM\tINFO", "rs1\t2\x000\tMono\x00morphic"]
    assert read_list("snps-excluded.txt", sites) == {"by_chromosome": {"Monomorphic": {"20": 1}}}
    told = f"1 valid VCF file(s) found. Samples: {'9' * 400} Population: e\x00ur"
    assert "\\u0000" not in json.dumps(read_messages([told]))


def test_a_file_that_is_no_such_list_tells_nothing() -> None:
    assert not is_list("chr_20.zip")
    assert read_list("snps-excluded.txt", ["<html>", "error"]) == {}
    assert read_list("chunks-excluded.txt", []) == {}
