/* Deadlocks that the detector has predicted in the runs of a search, and whether one was met: it waits where the predicted one
 * acquires. */
#ifndef GORACE_LAUNCHER_PREDICTION_H
#define GORACE_LAUNCHER_PREDICTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct predictions {
    struct prediction {
        char *message, *sites, *tier;
        bool confirmed;
        uint64_t schedule; /* that confirms it */
        char *replay;      /* its token; NULL: not confirmed */
    } *at;
    size_t n;
};

/* Whether nothing has happened yet: a finding of another tier. */
bool prediction_is(json_t *finding);
/* Where a finding's parties acquire or wait: a text that is the same for the predicted deadlock and for the one that happened. The
 * caller frees it; NULL: it has none. */
char *prediction_sites(json_t *finding);
/* Once each. */
void predictions_note(struct predictions *all, json_t *finding);
/* What schedule number `schedule` has met, which `replay` brings about. sites may be NULL. */
void predictions_confirm(struct predictions *all, const char *sites, uint64_t schedule, const char *replay);
void predictions_free(struct predictions *all);

#endif
