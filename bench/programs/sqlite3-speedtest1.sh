# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# sqlite3's own benchmark, whose sorts use two threads: but only if they do not fit into the cache, which they do unless that is small. Then
# no thread is ever made, and a detector that waits for a second one has nothing to do.
title="sqlite3 speedtest1 --threads 2"
real=sqlite3
size=10 short=5

# How long each test took is in its output; the results of the queries are summed up.
work() {
    "${measure[@]}" "$folder/speedtest1" --threads 2 --cachesize 100 --pagesize 1024 --size "$size" --verify "$out.db" >"$out.messages"
    grep -i '^verification' "$out.messages" >"$out/verification"
}
