#!/bin/bash
# The surroundings in which detectors with a fixed address map do not start: a program with one race must be found to
# have it in each.  tests/real/environment.sh
#
# The levels of address randomisation are set for the whole machine for a moment, which takes root; they are put back.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -f "$GORACE_LIB" ] || { echo "SKIP environment: no detector at $GORACE_LIB" && exit 77; }
need gcc gcc gdb gdb setarch util-linux

work=$REAL_DIR/environment
rm -rf "$work"
mkdir -p "$work"
gcc -fsanitize=thread -O1 -g -I"$root/tests/support" "$root/samples/race_counter.c" -o "$work/race"
gcc -O1 -g "$here/environment_plain.c" -o "$work/plain"

# What the run of the last `detects` or `runs` said.
said() {
    head -n 12 "$work/out" | sed 's/^/    /'
    fail "$*"
}

# detects NAME COMMAND...: status 66, or what gdb makes of it, and the race with both its places.
detects() {
    local name=$1 status=0 found places
    shift
    timeout 600 "$@" >"$work/out" 2>&1 || status=$?
    found=$(grep -c '^WARNING: gorace: data-race' "$work/out" || true)
    places=$(grep -c '^ *#0 .*race_counter\.c:[0-9]' "$work/out" || true)
    if grep -q 'exited with code 0102' "$work/out"; then status=66; fi
    if [ "$status" = 66 ] && [ "$found" = 1 ] && [ "$places" -ge 2 ]; then
        echo "ok   environment: $name"
    else
        said "$name: status $status, $found races, $places places"
    fi
}

# What the caller has left open would count against `ulimit -n`.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
preload=(env "LD_PRELOAD=$GORACE_LIB" GORACE_OPTIONS=)

detects "as it is" "${preload[@]}" "$work/race"
detects "setarch -R" setarch -R "${preload[@]}" "$work/race"
if gdb -nx -batch -ex run true 2>&1 | grep 'exited normally' >/dev/null; then
    detects "gdb" gdb -nx -batch -ex "set environment LD_PRELOAD $GORACE_LIB" -ex run "$work/race"
else
    echo "SKIP environment: gdb may not run programs here"
fi
detects "ulimit -s unlimited" bash -c 'ulimit -s unlimited && exec "$@"' - "${preload[@]}" "$work/race"
detects "ulimit -s unlimited, setarch -R" bash -c 'ulimit -s unlimited && exec "$@"' - \
    setarch -R "${preload[@]}" "$work/race"
detects "ulimit -s 64" bash -c 'ulimit -s 64 && exec "$@"' - "${preload[@]}" "$work/race"
detects "ulimit -n 4" bash -c 'ulimit -n 4 && exec "$@"' - "${preload[@]}" "$work/race"
detects "empty environment" env -i "LD_PRELOAD=$GORACE_LIB" "$work/race"
detects "standard input and output closed" bash -c 'exec "$@" <&- >&-' - "${preload[@]}" "$work/race"

bits=/proc/sys/vm/mmap_rnd_bits
usual=$(cat $bits 2>/dev/null) || usual=secret
if [ -w $bits ] && echo "$usual" >$bits 2>/dev/null; then
    trap 'echo "$usual" >$bits' EXIT
    for n in 28 32; do
        echo $n >$bits
        for i in 1 2 3; do detects "vm.mmap_rnd_bits=$n ($i)" "${preload[@]}" "$work/race"; done
    done
    echo "$usual" >$bits
else
    echo "SKIP environment: vm.mmap_rnd_bits cannot be set here; it is $usual"
fi

# Too little address space: the program runs as without the detector, after one line that names the limit; with enough
# for the detector, it detects. Nothing in between.
for kilobytes in 100000 400000 2000000 10000000 20000000 60000000; do
    status=0
    bash -c "ulimit -v $kilobytes"' && exec "$@"' - "${preload[@]}" "$work/plain" >"$work/out" 2>&1 || status=$?
    lines=$(grep -c '^gorace: cannot .*ulimit -v' "$work/out" || true)
    others=$(grep -vc '^gorace: cannot' "$work/out" || true)
    if [ "$status $others" != "0 1" ] || ! grep -qx right "$work/out"; then
        said "ulimit -v $kilobytes: status $status"
    elif [ "$lines" = 1 ]; then
        echo "ok   environment: ulimit -v $kilobytes: $(grep -o '^gorace: [^(]*' "$work/out")"
    else
        detects "ulimit -v $kilobytes" bash -c "ulimit -v $kilobytes"' && exec "$@"' - "${preload[@]}" "$work/race"
    fi
done
finish
