/* See prediction.h. */
#include "prediction.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

bool prediction_is(json_t *finding)
{
    const char *tier = json_string_value(json_object_get(finding, "tier"));
    return tier && strcmp(tier, "happened") != 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Functions and lines of a stack. */
static char *site_of(json_t *part)
{
    char *site = must_copy("");
    size_t i;
    json_t *frame;
    json_array_foreach(json_object_get(part, "stack"), i, frame)
    {
        const char *function = json_string_value(json_object_get(frame, "function"));
        char *more = must_format("%s%s:%d ", site, function ? function : "?",
                                 (int)json_integer_value(json_object_get(frame, "line")));
        free(site);
        site = more;
    }
    return site;
}

char *prediction_sites(json_t *finding)
{
    json_t *parts = json_object_get(finding, "edges"), *part;
    if (!parts)
        parts = json_object_get(finding, "waits");
    size_t n = json_array_size(parts), i;
    if (n == 0)
        return NULL;
    char **sites = must_grow(NULL, n * sizeof *sites), *all = must_copy("");
    json_array_foreach(parts, i, part)
        sites[i] = site_of(part);
    qsort(sites, n, sizeof *sites, by_text);
    for (i = 0; i < n; i++) {
        char *more = must_format("%s%s\n", all, sites[i]);
        free(all);
        free(sites[i]);
        all = more;
    }
    free(sites);
    return all;
}

void predictions_note(struct predictions *all, json_t *finding)
{
    const char *message = json_string_value(json_object_get(finding, "message"));
    char *sites = prediction_sites(finding);
    for (size_t i = 0; sites && i < all->n; i++)
        if (!strcmp(all->at[i].sites, sites)) {
            free(sites);
            return;
        }
    if (!sites)
        return;
    all->at = must_grow(all->at, (all->n + 1) * sizeof *all->at);
    all->at[all->n++] = (struct prediction){.message = must_copy(message ? message : ""),
                                              .sites = sites,
                                              .tier = must_copy(json_string_value(json_object_get(finding, "tier")))};
}

void predictions_confirm(struct predictions *all, const char *sites, uint64_t schedule, const char *replay)
{
    for (size_t i = 0; sites && i < all->n; i++)
        if (!all->at[i].confirmed && !strcmp(all->at[i].sites, sites)) {
            all->at[i].confirmed = true;
            all->at[i].schedule = schedule;
            all->at[i].replay = must_copy(replay);
        }
}

void predictions_free(struct predictions *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->at[i].message);
        free(all->at[i].sites);
        free(all->at[i].tier);
        free(all->at[i].replay);
    }
    free(all->at);
}
