# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# sqlite3: four threads on one database, first each with a connection of its own, then all on one (sqlite3_threads.c).
title="sqlite3, 4 threads"
real=sqlite3
source=sqlite3_threads.c
links="-I$REAL_DIR/sqlite3/amalgamation sqlite3.o -ldl -lm"
size=1000 short=100

work() { "${measure[@]}" "$folder/program" "$out.db" "$size" >"$out/rows"; }
