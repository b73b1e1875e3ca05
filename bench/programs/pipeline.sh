# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# Blocks of numbers through four pipelines of goroutines (pipeline.c). ThreadSanitizer does not know goroutines without its
# fiber functions, and Valgrind's tools know threads only.
title="goroutine pipeline (libgoro)"
source=pipeline.c
links=goro
tools="native floor-gcc floor-clang gorace-gcc gorace-clang"
size=200000

work() { "${measure[@]}" "$folder/program" "$size" >"$out/sum"; }
