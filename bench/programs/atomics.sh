# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# Two threads that mostly use atomics (atomics.c).
title="atomics (micro)"
source=atomics.c
size=10000000 short=2000000

work() { "${measure[@]}" "$folder/program" "$size" >"$out/counts"; }
