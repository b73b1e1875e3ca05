# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# Two threads that mostly lock (locks.c).
title="locks (micro)"
source=locks.c
size=4000000 short=200000

work() { "${measure[@]}" "$folder/program" "$size" >"$out/counts"; }
