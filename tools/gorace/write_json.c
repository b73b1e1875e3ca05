/* Findings as the detector writes them, each once. Those of the baseline say so, whether the detector knew it or not. */
#include "writer.h"

void write_json(FILE *to, const struct findings *all, const char *root)
{
    (void)root;
    for (size_t i = 0; i < all->n; i++) {
        json_t *json = json_copy(all->at[i].json);
        if (all->at[i].known)
            json_object_set_new(json, "baseline", json_true());
        else
            json_object_del(json, "baseline");
        json_dumpf(json, to, JSON_COMPACT);
        fputc('\n', to);
        json_decref(json);
    }
}
