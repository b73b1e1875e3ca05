#!/bin/bash
# `gorace cc`, `gorace c++` and `gorace run` with every compiler that is there.    check_launcher.sh GORACE
# shellcheck disable=SC2016 # the inner shells expand those
set -u
export LC_ALL=C

gorace=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
complain() {
    echo "$compiler: $*"
    failed=1
}

cat >part.c <<'TEXT'
int shared;
int *part(void)
{
    shared++;
    return &shared;
}
TEXT
cat >main.c <<'TEXT'
int *part(void);
int main(void)
{
    return *part() == 1 ? 0 : 1;
}
TEXT
cat >whole.cc <<'TEXT'
#include <memory>
int main()
{
    return *std::make_shared<int>(0);
}
TEXT

# The hooks are called, and neither gcc's nor clang's runtime has come in.
instrumented() {
    nm -D "$1" | grep -q ' U __tsan_func_entry' || complain "$1 calls no hooks"
    nm "$1" | grep -q '__tsan_.*[Ii]nitialize\|cur_thread_placeholder' && complain "$1 holds a runtime"
    readelf -d "$1" | grep -q 'NEEDED.*libgorace_hooks\.so' || complain "$1 does not need libgorace_hooks.so"
    readelf -d "$1" | grep -q 'NEEDED.*libtsan' && complain "$1 needs libtsan"
}
# Alone, and under the detector.
runs() {
    "$@" || complain "$1 alone: status $?"
    "$gorace" run -- "$@" || complain "$1 under the detector: status $?"
}

tried=0
for compiler in gcc clang clang-14 clang-19; do
    command -v $compiler >/dev/null || continue
    export GORACE_CC=$compiler
    GORACE_CXX=$(echo $compiler | sed 's/gcc/g++/; s/clang/clang++/')
    export GORACE_CXX
    tried=$((tried + 1))
    rm -f ./*.o ./*.so program*

    "$gorace" cc -Werror -O1 -c part.c -o part.o || complain "cc -c"
    "$gorace" cc -Werror -c main.c || complain "cc -c without -o"
    "$gorace" cc -Werror part.o main.o -o program || complain "cc, link"
    instrumented program
    runs ./program
    "$gorace" cc -Werror main.c part.c -o program-once -Wl,--as-needed || complain "cc, compile and link, as needed"
    instrumented program-once
    runs ./program-once
    "$gorace" cc -Werror -shared -fPIC -Wl,-z,defs part.c -o libpart.so || complain "cc -shared"
    instrumented libpart.so
    "$gorace" cc -Werror main.o -L. -lpart -Wl,-rpath,"$work" -o program-shared || complain "cc, link with a library"
    runs ./program-shared
    "$gorace" c++ -Werror whole.cc -o program-cxx || complain "c++"
    instrumented program-cxx
    runs ./program-cxx
    # A fill of constant size is seen.
    echo 'char b[64]; void clear(void) { memset(b, 0, 64); }' |
        sed '1i #include <string.h>' >fill.c
    "$gorace" cc -O2 -c fill.c -o fill.o && nm fill.o | grep -q 'U .*memset' || complain "memset is not called"

    "$gorace" cc --version | grep -q . || complain "cc --version"
    "$gorace" cc -E main.c | grep -q 'int main' || complain "cc -E"
    "$gorace" cc -r part.o main.o -o both.o || complain "cc -r"
    "$gorace" cc -static main.c part.c -o program-static 2>/dev/null && complain "cc -static is not refused"
done
[ $tried -gt 0 ] || { echo "no compiler"; exit 1; }

compiler=run
case $(GORACE_OPTIONS="verbosity=0" "$gorace" run -o exitcode=3 -o log=x.txt -- sh -c 'echo $GORACE_OPTIONS') in
"verbosity=0 exitcode=3 log=x.txt collect="*) ;;
*) complain "options are not passed on" ;;
esac
[ "$("$gorace" run sh -c 'echo $1' sh -o)" = "-o" ] || complain "the program's own options are taken"
other=$(gcc -print-file-name=libm.so.6)
case $(LD_PRELOAD=$other "$gorace" run sh -c 'echo $LD_PRELOAD') in
*libgorace.so:$other) ;;
*) complain "an LD_PRELOAD that was there is lost" ;;
esac
"$gorace" run sh -c 'exit 7'
[ $? = 7 ] || complain "the program's status is lost"
"$gorace" run -o nonsense true 2>/dev/null && complain "-o without a value is taken"
"$gorace" run 2>/dev/null && complain "run without a program is taken"
"$gorace" frobnicate 2>/dev/null && complain "an unknown command is taken"
"$gorace" --help | grep -q 'gorace run' || complain "--help"
if echo 'int main(void) { return 0; }' | gcc -static -x c - -o static 2>/dev/null; then
    "$gorace" run ./static 2>/dev/null && complain "a static program is run as if it were checked"
fi
exit $failed
