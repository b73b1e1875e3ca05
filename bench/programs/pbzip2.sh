# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# pbzip2 compresses in two threads; libbz2 is compiled in, so it has hooks too.
title="pbzip2 -p2"
real=pbzip2
size=5000000 short=3000000

work() { "${measure[@]}" "$folder/pbzip2" -c -k -p2 -b2 "$(corpus)" >"$out/bz2"; }
