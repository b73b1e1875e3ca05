/* The settings of GORACE_OPTIONS="name=value ...", separated by spaces or colons; a value that contains one of them is
 * quoted with '' or "". The list is flags.def.
 *
 * An unknown name or a bad value is one line that lists what is valid; the setting is ignored and the rest is used: a
 * wrong option in CI must neither pass unnoticed nor stop the program. */
#ifndef GORACE_FLAGS_H
#define GORACE_FLAGS_H

#include <stdbool.h>

#include "outbuf.h"

/* clang-format off */
#define DETECT_VALUES(V) \
    V(DETECT, RACE, "race") \
    V(DETECT, LOCK_ORDER, "lock-order") \
    V(DETECT, DEADLOCK, "deadlock") \
    V(DETECT, STUCK, "stuck") \
    V(DETECT, MISUSE, "misuse")
#define STATIC_TSAN_VALUES(V) \
    V(STATIC_TSAN, STOP, "stop") \
    V(STATIC_TSAN, RUN, "run")
#define SIGQUIT_VALUES(V) \
    V(SIGQUIT, OFF, "off") \
    V(SIGQUIT, END, "end") \
    V(SIGQUIT, STAY, "stay")
#define ON_DEADLOCK_VALUES(V) \
    V(ON_DEADLOCK, REPORT, "report") \
    V(ON_DEADLOCK, EXIT, "exit") \
    V(ON_DEADLOCK, ABORT, "abort")
#define POSSIBLE_RACES_VALUES(V) \
    V(POSSIBLE_RACES, HIDE, "hide") \
    V(POSSIBLE_RACES, SHOW, "show") \
    V(POSSIBLE_RACES, COUNT, "count")
/* clang-format on */

/* DETECT_RACE ... are bits; STATIC_TSAN_STOP ... count from 0. */
#define FLAGS_BIT_INDEX(set, name, word) set##_##name##_INDEX,
#define FLAGS_BIT(set, name, word) set##_##name = 1 << set##_##name##_INDEX,
#define FLAGS_WORD(set, name, word) set##_##name,
enum { DETECT_VALUES(FLAGS_BIT_INDEX) };
enum flags_detect { DETECT_VALUES(FLAGS_BIT) };
enum flags_static_tsan { STATIC_TSAN_VALUES(FLAGS_WORD) };
enum flags_sigquit { SIGQUIT_VALUES(FLAGS_WORD) };
enum flags_possible_races { POSSIBLE_RACES_VALUES(FLAGS_WORD) };
enum flags_on_deadlock { ON_DEADLOCK_VALUES(FLAGS_WORD) };

#define FLAGS_TEXT_BYTES 16384 /* all text values together */

struct flags {
#define BOOL(name, value, help) bool name;
#define NUMBER(name, value, least, most, help) int name;
#define TEXT(name, value, help) const char *name;
#define CHOICE(name, value, values, help) int name;
#define SET(name, value, values, help) unsigned name;
#include "flags.def"
#undef BOOL
#undef NUMBER
#undef TEXT
#undef CHOICE
#undef SET
    unsigned text_used;
    char text[FLAGS_TEXT_BYTES]; /* where the text values of the user are kept; do not copy the struct */
};

/* Defaults, then `options` (may be NULL). Error lines go to `errors`. Returns how many there were. */
int flags_parse(struct flags *f, const char *options, struct outbuf *errors);

/* The table that help=1 prints. */
void flags_help(struct outbuf *o);

#endif
