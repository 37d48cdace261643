"""A bash script that fetches the results of a job with curl or wget, goes on, and checks them.

The key goes to the program in a file or a pipe, never as an argument, which everybody on the same
machine could read in the list of processes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from shlex import quote
from types import MappingProxyType

from app.domain.files import FileForDownload

# Each prints the HTTP status, or what comes near to it, and goes on where a file stops.
PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "curl": """\
request() {
  curl --config <(printf 'header = "Authorization: Bearer %s"\\n' "$key") \\
    --silent --show-error --fail --connect-timeout 30 --speed-limit 1 --speed-time 60 \\
    --continue-at - --output "$2" --write-out '%{http_code}' "$1"
}
""",
        "wget": """\
config=$(mktemp) || exit 1
trap 'rm -f "$config"' EXIT
printf 'header = Authorization: Bearer %s\\n' "$key" > "$config"
request() {
  wget --config="$config" --no-verbose --no-hsts --tries=1 --timeout=60 \\
    --continue --output-document="$2" "$1" >&2
  # 6 is what wget says to a refused key; of other refusals it names none.
  [ $? -eq 6 ] && printf 401 || printf 000
}
""",
    }
)

SCRIPT = """\
#!/usr/bin/env bash
# Fetches the results of a job into a folder: bash results.sh [folder]
# Run it again, and it goes on where it stopped. It needs {program}, and sha256sum or shasum.
#
# The key below opens the results of this job and nothing else, until {until} UTC.
# Whoever has this file can fetch them: keep it to yourself. Revoke the key where you got it,
# {page}
set -u
key={key}
base={base}
left=0

folder=${{1:-.}}
mkdir -p "$folder" && cd "$folder" || exit 1

{request}
size_of() {{ wc -c < "$1"; }}
sum_of() {{
  if command -v sha256sum > /dev/null; then sha256sum < "$1"; else shasum -a 256 < "$1"; fi |
    cut -d ' ' -f 1
}}
is_whole() {{ [ -f "$1" ] && [ "$(size_of "$1")" -ge "$2" ]; }}
is_right() {{ is_whole "$1" "$2" && [ "$(sum_of "$1")" = "$3" ]; }}

# name, bytes, SHA-256, ref
get() {{
  local part="$1.part" status=000 try
  if is_right "$1" "$2" "$3"; then
    echo "here already: $1"
    return
  fi
  : >> "$part" || exit 1
  for try in 1 2 3 4 5 6; do
    [ "$try" -gt 1 ] && sleep $((try - 1))
    is_whole "$part" "$2" || status=$(request "$base$4" "$part")
    if is_right "$part" "$2" "$3"; then
      mv -f "$part" "$1"
      echo "fetched and verified: $1"
      return
    fi
    if [ "$status" = 401 ]; then
      echo "The key has ended or was revoked. Get a new script from {page}" >&2
      exit 2
    fi
    # Whole, but not what it should be: it comes anew.
    is_whole "$part" "$2" && : > "$part"
    [ "$status" = 404 ] && break
  done
  echo "not fetched: $1" >&2
  left=$((left + 1))
}}

{files}

if [ "$left" -gt 0 ]; then
  echo "$left of {count} could not be fetched. Run this script again, or look at {page}" >&2
  exit 1
fi
echo "All {count} are here, and verified."
"""


def script(
    files: Sequence[FileForDownload],
    *,
    program: str,
    key: str,
    expires_at: datetime,
    public_url: str,
    job_ref: str,
) -> str:
    """Return the script; `program` is a key of `PROGRAMS`, and the files' names are safe."""
    page = f"{public_url.rstrip('/')}/jobs/{job_ref}"
    lines = [
        f"get {quote(file.name)} {file.size} {file.sha256} {quote(file.ref)}" for file in files
    ]
    return SCRIPT.format(
        program=program,
        until=f"{expires_at:%Y-%m-%d %H:%M}",
        page=page,
        key=quote(key),
        base=quote(f"{public_url.rstrip('/')}/api/files/"),
        request=PROGRAMS[program],
        files="\n".join(lines),
        count=f"{len(files)} file{'' if len(files) == 1 else 's'}",
    )
