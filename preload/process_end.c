/* The end of the process: last words, and the exit status, which becomes `exitcode` when anything was found. It is met in our
 * destructor, or in the wrappers of _exit and the like. */
#include <stdio.h>
#include <unistd.h>

#include "../detector/os.h"
#include "../detector/parked.h"
#include "../detector/record.h"
#include "../detector/report.h"
#include "../instrument/instrument.h"
#include "../instrument/judge.h"
#include "../sample/sample.h"
#include "expected.h"
#include "init.h"
#include "options.h"
#include "process.h"
#include "raw.h"
#include "reports.h"
#include "sarif.h"
#include "stuck.h"
#include "unseen.h"

/* Races that were expected and have not come: how many. */
static int say_missed(void)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    int n = expected_missed(&o);
    o.used -= n > 0; /* report_say adds the last line feed */
    outbuf_char(&o, 0);
    if (n)
        report_say(o.data);
    outbuf_close(&o);
    return n;
}

static void last_words(void)
{
    const char *line = unseen_summary();
    if (line && (options.verbosity > 0 || (options.coverage && report_count() > 0)))
        report_say(line);
    const char *lost = instrument_lost();
    if (lost && (options.verbosity > 0 || report_count() > 0))
        report_say(lost);
    const char *made = judge_summary();
    if (made && options.coverage)
        report_say(made);
    if (options.verbosity > 0)
        instrument_say(options.verbosity > 1);
    report_end(sample_on() ? sample_summary() : NULL);
    struct outbuf sarif, findings;
    outbuf_open(&sarif, -1);
    outbuf_open(&findings, -1);
    if (report_sarif(&sarif, &findings))
        sarif_write(sarif.data, findings.data);
    outbuf_close(&sarif);
    outbuf_close(&findings);
}

int process_exit_code(int status)
{
    static uint32_t ended, missed; /* the first one to end the process writes the last words */
    if (!detector_at_work() || !process_is_ours())
        return status;
    record_end();
    if (!reports_are_ready() && options.verbosity == 0 && !expected_any())
        return status;
    reports_ready_unnamed(); /* if they are not ready nothing was found, and there is no other thread that still could */
    struct inside in = inside_begin();
    if (!__atomic_exchange_n(&ended, 1, __ATOMIC_SEQ_CST)) {
        sample_end();
        __atomic_store_n(&missed, say_missed(), __ATOMIC_RELAXED);
        last_words();
    }
    uint64_t n = report_count() + __atomic_load_n(&missed, __ATOMIC_RELAXED);
    inside_end(in);
    return n && options.exitcode ? options.exitcode : status;
}

/* Runs after the program's destructors and atexit handlers. Ending here skips what is left of the C library's own end;
 * that is the writing of buffered output, done by hand. */
__attribute__((destructor)) static void end(void)
{
    PARKED_REGISTERS();
    stuck_at_exit(current(), PARKED_ABOVE(), parked_registers);
    int status = process_exit_code(-1);
    if (status == -1)
        return;
    struct inside in = inside_begin();
    fflush(NULL);
    inside_end(in);
    raw_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}
