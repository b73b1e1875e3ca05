#!/bin/bash
# Programs of the distribution, not recompiled, under the preload: the same output as without it, and no report.
#   tests/real/unmodified.sh [CASE...]
#
# A case is a function: it runs programs with `run` (the preload is in force for all their children) and writes to $out
# whatever must not differ; it is executed twice. Standard output and error of both executions are compared too. Servers
# listen on 127.0.0.1 only. GIT_BYTES, REDIS_REQUESTS and WRK_SECONDS say how much of these is done.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/server.sh"

run() { run_as "$variant" "$@"; }

case_bash() {
    run bash -c '
        total=0
        for i in {1..2000}; do total=$((total + i)); done
        echo "$total"
        printf "%s\n" {9..1} | sort -n | while read -r n; do printf "%s " "$n"; done; echo
        (trap "echo bye" EXIT; exit 3); echo "status $?"
        for i in 1 2 3; do (exit $i) & done
        wait
        words=$(yes word | head -n 5000 | wc -l); echo "$words"
        cat <<<"$BASHPID" | tr -d 0-9; declare -A map=([a]=1 [b]=2); echo "${map[b]}"
        trap "echo got usr1" USR1; kill -USR1 $$; diff <(echo a) <(echo a) && echo same'
}

case_git() {
    local date="2024-01-01 00:00:00 +0000"
    local who=(GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_AUTHOR_DATE="$date" GIT_CONFIG_NOSYSTEM=1
        GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_COMMITTER_DATE="$date" HOME="$work")
    local threads=(-c pack.threads=3 -c grep.threads=3 -c index.threads=3 -c gc.auto=0)
    local git=(env "${who[@]}" git "${threads[@]}" -C "$work/repo")
    mkdir "$work/repo"
    run "${git[@]}" init -q -b main . || return
    for n in 1 2 3; do
        tail -c "+$((n * 50000))" "$corpus" 2>/dev/null | head -c "${GIT_BYTES:-1500000}" |
            split -b 4000 -a 4 --numeric-suffixes - "$work/repo/file" || true
        run "${git[@]}" add -A && run "${git[@]}" commit -q -m "step $n" || return
    done
    run "${git[@]}" repack -q -a -d -f || return
    run "${git[@]}" index-pack --threads=3 -o "$work/again.idx" "$work"/repo/.git/objects/pack/pack-*.pack >"$work/indexed" &&
        cmp "$work/again.idx" "$work"/repo/.git/objects/pack/pack-*.idx || return
    run "${git[@]}" fsck --full --no-progress &&
        run "${git[@]}" log --stat >"$out/log" && run "${git[@]}" grep -n -e static >"$out/grep" &&
        run "${git[@]}" rev-parse HEAD && run "${git[@]}" checkout -q HEAD~1 && run "${git[@]}" status --short
}

case_python3() {
    run /usr/bin/python3 - <<'PYTHON'
import hashlib, queue, threading, subprocess, zlib
from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor

jobs, done, lock, count = queue.Queue(maxsize=8), [], threading.Lock(), 0

def work():
    global count
    while (job := jobs.get()) is not None:
        with lock:
            count += job
            done.append(job)

threads = [threading.Thread(target=work) for _ in range(6)]
for t in threads: t.start()
for i in range(5000): jobs.put(i)
for t in threads: jobs.put(None)
for t in threads: t.join()
print(count, sorted(done) == list(range(5000)))
with ThreadPoolExecutor(4) as pool:  # hashing and compressing run outside of the interpreter's lock
    blocks = [bytes([i]) * 3_000_000 for i in range(16)]
    print([hashlib.sha256(zlib.compress(b)).hexdigest()[:8] for b in blocks] ==
          list(pool.map(lambda b: hashlib.sha256(zlib.compress(b)).hexdigest()[:8], blocks)))
with ProcessPoolExecutor(2) as pool:
    print(list(pool.map(abs, range(-5, 0))))
event, barrier = threading.Event(), threading.Barrier(3)
waiting = [threading.Thread(target=lambda: (barrier.wait(), event.wait())) for _ in range(3)]
for t in waiting: t.start()
event.set()
for t in waiting: t.join()
print(subprocess.run(["echo", "child"], capture_output=True).stdout)
PYTHON
}

case_sort() {
    run sort --parallel=4 -S 8M -T "$work" "$corpus" >"$out/sorted" && run sort --parallel=2 -c "$out/sorted"
}

case_perl() {
    run perl -Mthreads -Mthreads::shared -MThread::Queue -e '
        my $sum :shared = 0;
        my $queue = Thread::Queue->new;
        my @workers = map { threads->create(sub { while (defined(my $n = $queue->dequeue)) { lock($sum); $sum += $n } }) } 1 .. 4;
        $queue->enqueue($_) for 1 .. 2000;
        $queue->end;
        $_->join for @workers;
        print "$sum\n"'
}

case_lbzip2() {
    run lbzip2 -n 3 -c "$corpus" >"$work/packed" && run lbzip2 -n 3 -d -c "$work/packed" | cmp - "$corpus"
}

# Rust's standard library asks the kernel for statx by null pointers.
case_ripgrep() {
    run rg -j 4 --sort none -c static /usr/include/linux >"$work/found" && LC_ALL=C sort "$work/found"
}

case_ffmpeg() {
    local quiet=(ffmpeg -nostdin -hide_banner -loglevel error)
    run "${quiet[@]}" -f lavfi -i testsrc=duration=2:size=480x270:rate=25 -c:v libx264 -preset veryfast -threads 3 \
        -bitexact "$work/video.mkv" &&
        run "${quiet[@]}" -threads 3 -i "$work/video.mkv" -vf scale=240:-2 -f framemd5 "$out/frames"
}

case_redis() {
    start_server "$variant" redis-server --bind 127.0.0.1 --port PORT --save "" --appendonly yes --dir "$work" \
        --io-threads 2 --io-threads-do-reads yes --daemonize no --logfile "$work/redis.log" || return
    run redis-benchmark -h 127.0.0.1 -p "$server_port" -c 50 -n "${REDIS_REQUESTS:-20000}" -P 4 --threads 2 -q \
        -t set,get,incr,lpush,sadd,mset >"$work/benchmark" || return
    # Six tests ran, each to its end; their speeds are not comparable.
    grep -c 'requests per second' <(tr '\r' '\n' <"$work/benchmark" | grep -E 'requests per second, p50')
    local cli=(run redis-cli -h 127.0.0.1 -p "$server_port")
    "${cli[@]}" get counter:__rand_int__ && "${cli[@]}" llen mylist && "${cli[@]}" bgrewriteaof && "${cli[@]}" ping &&
        "${cli[@]}" flushall async
    stop_server TERM
}

# Writes a configuration with two workers and a thread pool, as an ordinary user could run it.
start_nginx() {
    mkdir -p "$work/www" "$work/temp"
    head -c 3000000 "$corpus" >"$work/www/large"
    echo "a small page" >"$work/www/small"
    server_port=$(free_port)
    cat >"$work/nginx.conf" <<CONF
worker_processes 2;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
thread_pool default threads=4;
events { worker_connections 256; }
http {
    access_log $work/access.log;
    aio threads;
    gzip on;
    gzip_min_length 1;
    gzip_types *;
    client_body_temp_path $work/temp/body;
    proxy_temp_path $work/temp/proxy;
    fastcgi_temp_path $work/temp/fastcgi;
    uwsgi_temp_path $work/temp/uwsgi;
    scgi_temp_path $work/temp/scgi;
    server { listen 127.0.0.1:$server_port; root $work/www; }
}
CONF
    start_server "$variant" nginx -p "$work" -e "$work/error.log" -c "$work/nginx.conf"
}

case_nginx() {
    local url
    start_nginx || return
    url=http://127.0.0.1:$server_port
    run wrk --timeout 600 -t2 -c50 -d"$WRK_SECONDS" "$url/small" >"$work/wrk" || return
    run wrk --timeout 600 -t2 -c20 -d2 "$url/large" >>"$work/wrk" || return
    # wrk names failed requests and only these.
    grep -E 'Non-2xx|Socket errors' "$work/wrk"
    grep -c 'Requests/sec' "$work/wrk"
    curl -s "$url/large" | cmp - "$work/www/large" && kill -HUP "$server_pid" && curl -s "$url/small"
    stop_server QUIT
    grep -E '\[(alert|crit|emerg|error)\]' "$work/error.log"
    return 0
}

case_curl() {
    local url variant_of_curl=$variant
    variant=native start_nginx || return
    variant=$variant_of_curl
    url=http://127.0.0.1:$server_port
    run curl -s --compressed "$url/large" | cmp - "$work/www/large" || return
    run curl --no-progress-meter --parallel --parallel-max 10 -o "$out/large-#1" "$url/large?[1-20]" || return
    # A name makes curl resolve in a thread of its own.
    run curl -s "http://localhost:$server_port/small" && run curl -sI "$url/small" | grep -i '^content-length'
    run curl -s "$url/missing" -o /dev/null -w '%{http_code}\n'
    stop_server QUIT
}

case_java() { run java -version; }

case_node() {
    run node -e '
        const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
        const { createHash, pbkdf2 } = require("crypto"), { gzip } = require("zlib");
        const source = `const { parentPort, workerData } = require("worker_threads");
            const cells = new Int32Array(workerData.memory);
            for (let i = 0; i < 20000; i++) Atomics.add(cells, 0, 1);
            parentPort.postMessage(workerData.n * 2);`;
        const memory = new SharedArrayBuffer(4), answers = [];
        let left = 4;
        for (let n = 0; n < 4; n++)
            new Worker(source, { eval: true, workerData: { n, memory } })
                .on("message", (m) => answers.push(m))
                .on("exit", () => { if (--left === 0) console.log(answers.sort(), new Int32Array(memory)[0]); });
        for (let i = 0; i < 8; i++)
            pbkdf2("secret", "salt" + i, 20000, 32, "sha256", (error, key) => {
                gzip(Buffer.alloc(100000, key), (e, z) => { if (e) throw e; });
            });'
}

# Both executions of one case, in fresh folders.
compare_case() {
    local name=$1 variant out work status dir
    program=unmodified-$name
    for variant in native plain; do
        dir=$REAL_DIR/$program
        out=$dir/out-$variant
        work=$dir/work
        rm -rf "$out" "$work"
        mkdir -p "$out" "$work"
        forget_findings $variant
        status=0
        "case_$name" >"$out/stdout" 2>"$out/stderr" || status=$?
        echo "$status" >"$out/status"
        kill_server
        if [ $variant = native ] && [ $status != 0 ]; then
            cat "$out/stderr"
            fail "does not work without the detector either: status $status"
            return
        fi
    done
    if diff -r "$dir/out-native" "$dir/out-plain" >"$dir/diff"; then
        echo "ok   $program: output as native"
    else
        head -c 3000 "$dir/diff"
        fail "output differs from native: $dir/diff"
    fi
    judge plain
}

# What a case needs: executables, each with its package.
declare -A needs=([bash]="bash bash" [git]="git git" [python3]="/usr/bin/python3 python3" [sort]="sort coreutils"
    [perl]="perl perl" [lbzip2]="lbzip2 lbzip2" [ripgrep]="rg ripgrep" [ffmpeg]="ffmpeg ffmpeg"
    [redis]="redis-server redis-server redis-benchmark redis-tools" [nginx]="nginx nginx wrk wrk curl curl"
    [curl]="nginx nginx curl curl" [java]="java default-jre-headless" [node]="node nodejs")
WRK_SECONDS=${WRK_SECONDS:-5}
cases=("$@")
[ $# -gt 0 ] || cases=(bash git python3 sort perl lbzip2 ripgrep ffmpeg redis nginx curl java node)
for name in "${cases[@]}"; do
    read -ra words <<<"${needs[$name]}"
    need "${words[@]}"
done
[ -f "$GORACE_LIB" ] || { echo "SKIP unmodified: no detector at $GORACE_LIB" && exit 77; }
corpus=$("$here/corpus" 20000000)
for name in "${cases[@]}"; do compare_case "$name"; done
finish
