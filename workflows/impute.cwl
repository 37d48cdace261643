#!/usr/bin/env cwl-runner
# Imputes phased genotypes with minimac4 4.1.2 and a reference panel.
#
# Needs on the host: minimac4, bcftools, tabix and bgzip (htslib), a POSIX sh and awk. No docker,
# and no JavaScript: every expression here is a plain parameter reference.
#
# Each step ends with a line "impute: ..." on standard error when it fails, because a client of
# the GA4GH Workflow Execution Service sees nothing of a run but its engine's standard error.
# The scripts use backquotes and no braces, since CWL reads $( and ${ as its own.
cwlVersion: v1.2
class: Workflow
label: Impute phased genotypes with minimac4
doc: |
  check   refuses a target that minimac4 would impute wrongly or abort on
  impute  compresses the panel if it is VCF or BCF, and imputes
  report  indexes, tabulates the quality of every variant, refuses a panel that does not fit

inputs:
  target:
    type: File
    label: Phased genotypes (VCF or BCF, one or more chromosomes)
  panel:
    type: File
    label: Reference panel (MSAV, or phased VCF or BCF)
  formats:
    type: string
    default: GT,DS
    label: FORMAT fields of the result, of GT, DS, HDS, GP and SD
  min_ratio:
    type: double
    default: 0.00001
    label: Smallest ratio of typed to panel variants in a chunk
  min_overlap:
    type: double
    default: 0.1
    label: Smallest share of the target's variants that the panel must have
  region:
    type: string
    default: ""
    label: Region to impute (20 or 20:1000000-2000000), everything in the panel when empty
  all_typed_sites:
    type: boolean
    default: false
    label: Keep variants that only the target has
  threads:
    type: int
    default: 1
    label: Threads of minimac4

outputs:
  imputed:
    type: File
    outputSource: report/imputed
    secondaryFiles: [.tbi]
  info:
    type: File
    outputSource: report/info
  stats:
    type: File
    outputSource: report/stats
  log:
    type: File
    outputSource: impute/log

steps:
  check:
    in: {target: target}
    out: [checked]
    run:
      class: CommandLineTool
      requirements:
        InitialWorkDirRequirement:
          listing:
            - entryname: check.sh
              entry: |
                set -eu
                fail() { echo "impute: $*" >&2; exit 1; }

                bcftools view --no-version -Oz -o all.vcf.gz "$1" 2> bcftools.log || {
                    cat bcftools.log >&2
                    fail "The target cannot be read as VCF or BCF: see the lines above."
                }
                if grep -q "EOF marker" bcftools.log; then
                    fail "The target is cut off: its last block is missing. Upload it again."
                fi

                bcftools view -h all.vcf.gz 2> bcftools.log | tail -n 1 > columns
                samples=`awk '{print (NF > 9 ? NF - 9 : 0)}' columns`
                [ "$samples" -gt 0 ] || fail "The target has no samples, only sites."

                # A called genotype with "/" is unphased. A missing one (./.) is neither.
                bcftools view -H all.vcf.gz 2> bcftools.log | cut -f 1,2,10- | awk -F '\t' '
                    /\t([0-9]+\/|\.\/[0-9])/ { if (!unphased++) first = $1 ":" $2 }
                    $3 ~ /^\./ { missing++ }
                    END { print NR, unphased + 0, missing + 0, first }' > counts
                read -r variants unphased missing first < counts

                [ "$variants" -gt 0 ] || fail "The target has no variants."
                [ "$unphased" -eq 0 ] || fail "The target is not phased: $unphased of $variants" \
                    "variants have genotypes like 0/1 instead of 0|1, the first at $first." \
                    "minimac4 would impute them as if they were phased. Phase the data first," \
                    "for instance with Eagle, SHAPEIT or Beagle."
                [ "$missing" -lt "$variants" ] || fail "The first sample of the target has no" \
                    "genotypes at all. Remove it, or send the right file."

                # minimac4 4.1.2 aborts where the first haplotype of the first sample is missing.
                if [ "$missing" -gt 0 ]; then
                    echo "impute: left out $missing of $variants variants, where the first" \
                        "sample has no genotype, which minimac4 cannot handle" >&2
                    bcftools view --no-version all.vcf.gz 2> bcftools.log |
                        awk -F '\t' '/^#/ || $10 !~ /^\./' | bgzip > target.vcf.gz
                else
                    mv all.vcf.gz target.vcf.gz
                fi

                # A CSI index, because minimac4 4.1.2 cannot read a TBI of several chromosomes.
                bcftools index target.vcf.gz 2> bcftools.log || {
                    cat bcftools.log >&2
                    fail "The target cannot be indexed: its variants must be sorted by" \
                        "position, chromosome by chromosome (bcftools sort)."
                }
      baseCommand: [sh, check.sh]
      inputs:
        target: {type: File, inputBinding: {position: 1}}
      outputs:
        checked:
          type: File
          outputBinding: {glob: target.vcf.gz}
          secondaryFiles: [.csi]

  impute:
    in:
      panel: panel
      target: check/checked
      region: region
      formats: formats
      min_ratio: min_ratio
      all_typed_sites: all_typed_sites
      threads: threads
    out: [imputed, log]
    run:
      class: CommandLineTool
      requirements:
        ResourceRequirement: {coresMin: $(inputs.threads)}
        InitialWorkDirRequirement:
          listing:
            - entryname: impute.sh
              entry: |
                set -eu
                fail() { echo "impute: $*" >&2; exit 1; }
                panel=$1 target=$2 region=$3
                shift 3
                [ -z "$region" ] || set -- "$@" --region "$region"

                # MSAV is zstd (28b52ffd); what is not must be VCF or BCF, and is compressed.
                if [ "`od -An -tx1 -N4 "$panel" | tr -d ' '`" != 28b52ffd ]; then
                    bcftools view -h "$panel" > header 2> bcftools.log || {
                        cat bcftools.log >&2
                        fail "The panel is neither MSAV nor VCF or BCF."
                    }
                    bcftools view -H --exclude-phased "$panel" 2> bcftools.log |
                        head -n 1 | cut -f 1,2 > unphased
                    [ ! -s unphased ] || fail "The panel has genotypes that are unphased or" \
                        "missing, the first at" `cat unphased`". minimac4 needs phased ones."
                    minimac4 --compress-reference "$panel" > panel.msav 2> minimac4.log || {
                        cat minimac4.log >&2
                        fail "minimac4 could not compress the panel: see the lines above."
                    }
                    panel=panel.msav
                fi

                code=0
                minimac4 "$@" -O vcf.gz -o imputed.vcf.gz "$panel" "$target" \
                    > minimac4.log 2>&1 || code=$?
                if [ "$code" -ne 0 ]; then
                    cat minimac4.log >&2
                    if grep -q -e "not enough target variants" -e "no target variants" minimac4.log
                    then
                        chunk=`sed -n 's/^Imputing \([^ ]*\).*/\1/p' minimac4.log | tail -n 1`
                        has=`bcftools index -s "$target" | cut -f 1 | tr '\n' ' '`
                        fail "The panel does not fit the target, or covers more than it: in the" \
                            "panel's region $chunk the target has too few of the panel's" \
                            "variants. Chromosomes of the target: $has." \
                            "Check the panel, the genome build and the names of" \
                            "chromosomes (20 or chr20). For a part of a chromosome set region;" \
                            "for a sparse target lower min_ratio."
                    fi
                    fail "minimac4 ended with code $code: see the lines above."
                fi
      baseCommand: [sh, impute.sh]
      inputs:
        panel: {type: File, inputBinding: {position: 1}}
        target: {type: File, secondaryFiles: [.csi], inputBinding: {position: 2}}
        region: {type: string, inputBinding: {position: 3}}
        formats: {type: string, inputBinding: {position: 4, prefix: --format}}
        min_ratio: {type: double, inputBinding: {position: 4, prefix: --min-ratio}}
        all_typed_sites: {type: boolean, inputBinding: {position: 4, prefix: --all-typed-sites}}
        threads: {type: int, inputBinding: {position: 4, prefix: --threads}}
      outputs:
        imputed: {type: File, outputBinding: {glob: imputed.vcf.gz}}
        log: {type: File, outputBinding: {glob: minimac4.log}}

  report:
    in:
      result: impute/imputed
      target: check/checked
      region: region
      min_overlap: min_overlap
    out: [imputed, info, stats]
    run:
      class: CommandLineTool
      requirements:
        InitialWorkDirRequirement:
          listing:
            - entry: $(inputs.result)
            - entryname: report.sh
              entry: |
                set -eu
                fail() { echo "impute: $*" >&2; exit 1; }
                target=$1 region=$2 min_overlap=$3

                tabix -p vcf imputed.vcf.gz
                bcftools query -u -f '%CHROM\t%POS\t%ID\t%REF\t%ALT\t%AF\t%MAF\t%R2\t%ER2\t%TYPED\t%IMPUTED\n' \
                    imputed.vcf.gz > variants.tsv

                # Of the target's variants where we imputed, how many does the panel have?
                where=$region
                [ -n "$where" ] || where=`tabix -l imputed.vcf.gz`
                asked=`tabix "$target" $where | wc -l`
                samples=`bcftools query -l imputed.vcf.gz | wc -l`

                awk -F '\t' -v OFS='\t' -v asked="$asked" -v samples="$samples" '
                    BEGIN { print "CHROM", "POS", "ID", "REF", "ALT", "AF", "MAF", "R2", "ER2", "TYPED" }
                    {
                        typed = $10 == "1"; shared += typed && $11 == "1"; all_typed += typed
                        sum += $8; good += $8 >= 0.3; best += $8 >= 0.8
                        print $1, $2, $3, $4, $5, $6, $7, $8, $9, typed
                    }
                    END {
                        printf "{\"samples\": %d, \"variants\": %d, \"typed\": %d, ", \
                            samples, NR, all_typed > "stats.json"
                        printf "\"target_variants\": %d, \"overlap\": %.4f, ", \
                            asked, asked ? shared / asked : 0 > "stats.json"
                        printf "\"mean_r2\": %.4f, \"r2_ge_0_3\": %d, \"r2_ge_0_8\": %d}\n", \
                            NR ? sum / NR : 0, good, best > "stats.json"
                        print shared + 0 > "shared"
                    }' variants.tsv > info.tsv

                read -r shared < shared
                awk -v n="$shared" -v asked="$asked" -v least="$min_overlap" \
                    'BEGIN { exit !(asked > 0 && n >= least * asked) }' ||
                    fail "The panel does not fit the target: it has only $shared of the target's" \
                        "$asked variants. Check the panel and the genome build; min_overlap" \
                        "(now $min_overlap) sets the smallest share."
      baseCommand: [sh, report.sh]
      inputs:
        result: File
        target: {type: File, secondaryFiles: [.csi], inputBinding: {position: 1}}
        region: {type: string, inputBinding: {position: 2}}
        min_overlap: {type: double, inputBinding: {position: 3}}
      outputs:
        imputed:
          type: File
          outputBinding: {glob: imputed.vcf.gz}
          secondaryFiles: [.tbi]
        info: {type: File, outputBinding: {glob: info.tsv}}
        stats: {type: File, outputBinding: {glob: stats.json}}
