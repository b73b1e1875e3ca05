# shellcheck shell=bash disable=SC2034,SC2154 # read and set by bench/program
# memcached with four workers under a load that checks every answer. The load is a number of requests, not a time. CPU time and
# memory are the server's, from start to end; the wall time is the load's, as a server that was told to stop waits for its clock, up to a
# second, under each tool.
title="memcached -t 4, 32 connections"
real=memcached
size=200000 short=1000

work() {
    local load=$folder/load
    gcc -std=gnu11 -O2 -pthread -o "$load" "$root/tests/real/memcached_load.c"
    # memcached sets the limit of descriptors to its connections. Under Valgrind, which keeps twelve for itself, it has to be
    # the one that there is.
    ulimit -n 1024
    start_server native "${measure[@]}" "$folder/memcached" -u "$(id -un)" -l 127.0.0.1 -p PORT -U 0 -t 4 -m 64 -c 1012
    "$meter" "$out.load" "$load" "$server_port" 32 600 "$((size / 32))"
    cut -d' ' -f1 "$out.load" >"$out.wall"
    stop_server TERM
}
