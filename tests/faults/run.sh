#!/bin/bash
# make faults: breaks things under real processes, then prints one line of JSON a promise:
#   {"fault": …, "promised": …, "measured": …, "unit": …, "kept": true}
# Those lines are all of its output; what pytest says goes to the other one. Ends with 1 when a promise was not kept or
# could not be measured. Arguments go to pytest (tests/faults/run.sh -k redis); FAULTS_PHONES: how many in the big room.
set -uo pipefail
cd "$(dirname "$0")/../.."
report=$(mktemp)
trap 'rm -f "$report"' EXIT
FAULTS_REPORT=$report tests/netns.sh .venv/bin/python -m pytest -q --durations=8 -m faults tests "$@" >&2
failed=$?
cat "$report"
[ -s "$report" ] || { echo "no promise was measured" >&2; exit 1; }
broken=$(grep -c '"kept": false' "$report")
printf '%s promises measured, %s not kept\n' "$(wc -l < "$report")" "$broken" >&2
[ "$broken" = 0 ] && [ "$failed" = 0 ]
