#!/bin/bash
# SIGQUIT shows who is stuck where the program has no handler of its own, and then does what it does without us.
#   check_quit.sh LIBRARY
set -eu
export LC_ALL=C

library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

cat >"$work/app.c" <<'TEXT'
/* app [own|lost|blocks]: a worker waits; when the line "ready" is out, main reads from its input. blocks: as lost, and the signal comes to
 * the worker. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int begun, done;
};
struct job *volatile the_job;

static void *worker(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->begun = 1;
    pthread_cond_broadcast(&job->ready);
    while (!job->done)
        pthread_cond_wait(&job->ready, &job->lock);
    return arg;
}

static __attribute__((noinline)) void begin(int keep)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->ready, NULL);
    pthread_create(&thread, NULL, worker, job);
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    while (!job->begun)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
    if (keep)
        the_job = job;
}

static void own(int sig)
{
    (void)sig;
    if (write(1, "own\n", 4) != 4)
        abort();
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    struct sigaction old;
    char c;
    sigaction(SIGQUIT, NULL, &old);
    if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN)
        return 1; /* it is told of a handler that it does not have */
    if (!strcmp(how, "own"))
        signal(SIGQUIT, own);
    begin(strcmp(how, "lost") && strcmp(how, "blocks"));
    if (!strcmp(how, "blocks")) {
        sigset_t quit;
        sigemptyset(&quit);
        sigaddset(&quit, SIGQUIT);
        pthread_sigmask(SIG_BLOCK, &quit, NULL);
    }
    if (write(1, "ready\n", 6) != 6 || read(0, &c, 1) < 0)
        return 1;
    return the_job && the_job->done; /* the worker is known until here */
}
TEXT
gcc -g -O1 -pthread "$work/app.c" -o "$work/app"

# ask OPTIONS ARGUMENT: starts app, sends the signal when it is ready, and ends its input if that leaves it alive. The status is
# in $status, what it has said in said.
ask() {
    mkfifo "$work/in" "$work/out"
    (ulimit -c 0; exec env LD_PRELOAD="$library" GORACE_OPTIONS="$1" "$work/app" "$2" <"$work/in" >"$work/out" 2>"$work/said") &
    local pid=$! call
    exec 3>"$work/in" 4<"$work/out"
    read -r _ <&4
    # main in its read, which is call 0, and the worker in its wait
    until read -r call _ <"/proc/$pid/syscall" && [ "$call" = 0 ] &&
        [ "$(cat /proc/"$pid"/task/*/stat | cut -d" " -f3 | sort -u)" = S ]; do :; done
    kill -QUIT "$pid"
    case $1:$2 in
    *stay*:*) # it goes on: wait for its report, then for its end
        until grep -q "SIGQUIT:" "$work/said"; do :; done ;;
    *:own) read -r _ <&4 ;;
    *:blocks) while kill -0 "$pid" 2>/dev/null; do :; done ;; # main does not end by it
    esac
    exec 3>&-
    status=0
    wait "$pid" 2>/dev/null || status=$?
    exec 4<&-
    rm "$work/in" "$work/out"
}

# expect NAME STATUS PATTERN...: each has to be said, a pattern with ! before it must not be.
expect() {
    local name=$1 wanted=$2 pattern
    shift 2
    [ "$status" = "$wanted" ] || { echo "$name: status $status, not $wanted"; failed=1; }
    for pattern in "$@"; do
        case $pattern in
        !*) ! grep -q -- "${pattern#!}" "$work/said" || { echo "$name: says ${pattern#!}"; failed=1; } ;;
        *) grep -q -- "$pattern" "$work/said" || { echo "$name: does not say $pattern"; cat "$work/said"; failed=1; } ;;
        esac
    done
}

ask "" kept
expect kept 131 "1 thread waits, and may be woken yet" "reached by the variable the_job" "a block of .* bytes" \
    "main thread sleeps in read, descriptor 0 (pipe:\|main thread sleeps in read, descriptor 0 (.*in)" \
    "SIGQUIT: 0 can never go on, 1 wait" "!WARNING"
ask "" lost
expect lost 131 "WARNING: gorace: stuck: 1 thread can never go on" "SIGQUIT: 1 can never go on, 0 wait"
ask "" blocks
expect blocks 131 "WARNING: gorace: stuck: 1 thread can never go on" "SIGQUIT: 1 can never go on, 0 wait"
ask "sigquit=stay" lost
expect stay 66 "WARNING: gorace: stuck: 1 thread can never go on" "SIGQUIT: 1 can never go on"
ask "sigquit=off" kept
expect off 131 "!gorace"
ask "" own
expect own 0 "!gorace"
(trap '' QUIT; ask "" kept; expect ignored 0 "!gorace"; exit $failed) || failed=1
exit $failed
