# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# One thread that works for itself (independent.c).
title="independent work, 1 thread"
source=independent.c
tools="native floor-gcc floor-clang gorace-gcc gorace-clang clang-tsan gcc-tsan"
size=200

work() { "${measure[@]}" "$folder/program" 1 "$size" >"$out/sums"; }
