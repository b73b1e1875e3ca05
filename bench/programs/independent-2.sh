# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# Two threads that work each for itself (independent.c).
title="independent work, 2 threads"
source=independent.c
tools="native floor-gcc floor-clang gorace-gcc gorace-clang clang-tsan gcc-tsan"
size=200
scales=independent-1 # twice its work: the speed-up is twice its wall time by ours

work() { "${measure[@]}" "$folder/program" 2 "$size" >"$out/sums"; }
