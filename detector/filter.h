/* Which findings are shown: not those that were shown before, not those that the user suppressed.
 *
 * There are two sieves for repetition. A racy loop finds the same pair of stacks a million times; `filter_known` knows
 * the pair by its two stack numbers, before anything is named, without a lock. What passes is named and gets its
 * fingerprint, and `filter_first` lets each fingerprint through once.
 *
 * A fingerprint is made of the kind of finding, the name of the global variable if it is one, and the two stacks:
 * functions with the base name of the file and the line counted from the function's first, or, without names, build-id
 * and offset. The two sides are sorted; a frame that repeats on end counts once. So it is the same whichever side came
 * first, in every run, at every address, and when lines move elsewhere in the file.
 *
 * Of the other kinds it is made of the set of their steps, each with its stack (and, of a cycle of lock order, where the lock
 * that is held was taken): in no order, and how many actors take the same step at the same place does not count.
 *
 * Whether a side reads or writes is left out on purpose: of two `n++` that race, it depends on the schedule whether the
 * read or the write of one meets the write of the other. That is one race, and must be the same one in every run. */
#ifndef GORACE_FILTER_H
#define GORACE_FILTER_H

#include "report_data.h"

enum filter_known { FILTER_NEW, FILTER_KNOWN, FILTER_KNOWN_SUPPRESSED };

/* Any thread, no lock. */
enum filter_known filter_known(const struct finding *f);

/* The rest under the reporter's lock. */
void filter_remember(const struct finding *f, bool suppressed);
uint64_t filter_fingerprint(const struct report *r);
bool filter_first(uint64_t fingerprint);
void filter_forget(void); /* everything, for the tests */

/* Suppressions, one a line: `type:pattern`, types as ThreadSanitizer has them. */
struct suppression {
    const char *pattern;
    int type;
    int line;         /* in the file */
    int until;        /* last day of its life, in days since 1970 (UTC); 0: for ever */
    const char *date; /* the line of the file that says so */
    uint64_t hits;    /* also those after its end */
};

/* Takes the file's text, which it changes and which stays. Bad lines go to `errors`. Returns how many were good. */
int suppressions_parse(char *text, const char *file, struct outbuf *errors);
bool suppressions_load(const char *file, struct outbuf *errors);
/* The first that applies and has not expired, or NULL; counts it. */
const struct suppression *suppressed_by(const struct report *r);
/* Those that have expired and would have been used; with `all`, also those that were of no use. */
void suppressions_say_unused(struct outbuf *o, bool all);
const char *suppression_type(const struct suppression *s);
/* `*` stands for anything, ^ and $ for the ends; without them the pattern may lie anywhere in the text. */
bool pattern_matches(const char *pattern, const char *text);

#endif
