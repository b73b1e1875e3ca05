# shellcheck shell=bash
# Servers on 127.0.0.1 for the tests on real programs; sourced after common.sh. One server at a time.

server_pid=""
server_port=""

# A port nobody listens on now. Another process may take it before the server does; then the server fails to start, and
# start_server says so.
free_port() {
    local port
    for port in $(shuf -i 20000-29999 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
    die "no free port"
}

# start_server VARIANT COMMAND...: in the background, every PORT in the arguments replaced by a free one; returns when
# it accepts connections. A configuration file that needs the port
# sets server_port=$(free_port) before.
start_server() {
    local argument prefix tries command=()
    set_prefix "$1"
    shift
    [ -n "$server_port" ] || server_port=$(free_port)
    for argument in "$@"; do command+=("${argument//PORT/$server_port}"); done
    # A process group of its own, so that a server of several processes ends as a whole.
    set -m
    "${prefix[@]}" "${command[@]}" &
    server_pid=$!
    set +m
    for tries in $(seq 600); do
        (exec 3<>"/dev/tcp/127.0.0.1/$server_port") 2>/dev/null && return 0
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill_server
    echo "the server does not accept connections after $tries attempts"
    return 1
}

kill_server() {
    [ -z "$server_pid" ] || kill -KILL -- "-$server_pid" 2>/dev/null || true
    server_pid=""
    server_port=""
}

# stop_server SIGNAL: ends the server as its users do, waits and returns its status. One that does not end within a
# minute is killed.
stop_server() {
    local status=0 pid=$server_pid watchdog
    kill "-$1" "$pid" 2>/dev/null || true
    (sleep 60; kill -KILL -- "-$pid") 2>/dev/null &
    watchdog=$!
    wait "$pid" || status=$?
    kill "$watchdog" 2>/dev/null || true
    kill_server
    [ $status = 0 ] || echo "the server ended with status $status"
    return $status
}

trap kill_server EXIT
