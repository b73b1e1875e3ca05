# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# sqlite3: four threads on one database, first each with a connection of its own, then all on one.
title="sqlite3, 4 threads"
real=sqlite3
size=400 short=20

work() { "${measure[@]}" "$folder/shared" "$out.db" "$size" >"$out/rows"; }
