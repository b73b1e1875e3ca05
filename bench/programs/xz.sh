# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# xz compresses in two threads, blocks of 1 MiB.
title="xz -T2 -2"
real=xz
size=8000000 short=2000000

work() { "${measure[@]}" "$folder/src/xz/xz" -T2 -2 -c --block-size=1MiB "$(corpus)" >"$out/xz"; }
