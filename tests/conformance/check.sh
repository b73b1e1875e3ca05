#!/bin/sh
# The conformance programs under gorace, held against expected.tsv, as a test: skipped (77) where their source cannot be
# fetched, or is not of the version that the expectations were made with.
#     check.sh LIBRARY CACHE
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
status=0
"$here/run" --ours-only --lib "$1" --cache "$2" -j 2 >"$2/check.log" 2>&1 || status=$?
if [ $status != 0 ] && grep -E 'conformance: (apt-get .* failed|this machine has no apt sources)' "$2/check.log"; then
    exit 77
fi
made_with=3.19.0
version=$(cat "$2/plain/valgrind-version")
if [ "$version" != $made_with ]; then
    echo "Valgrind's source is $version here, the expectations were made with $made_with"
    exit 77
fi
cat "$2/check.log"
exit $status
