# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# zstd at $level compresses with two threads; a third one reads and writes.
title="zstd -T2 -$level"
real=zstd
size=50000000 short=5000000

# A short input is a single job by default: smaller jobs keep both threads at work.
work() {
    local jobs=()
    [ "$size" -ge 20000000 ] || jobs=(-B1MiB)
    "${measure[@]}" "$folder/programs/zstd" -q -f -T2 "-$level" ${jobs[@]+"${jobs[@]}"} "$(corpus)" -o "$out/zst"
}
