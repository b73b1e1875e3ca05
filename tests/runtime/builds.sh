# shellcheck shell=sh disable=SC2034 # sourced by tests that build programs themselves
# Of such a test's arguments SOURCE-DIR and LIBGORO.A; a folder for its programs; failures, with what was logged there.
source=$1
library=$2
here=$source/tests/runtime
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
    echo "FAIL $*" >&2
    sed '/\[ *RUN *\]\|\[ *OK *\]/d; s/^/    /' "$folder/log" | head -30 >&2
    failures=$((failures + 1))
}
