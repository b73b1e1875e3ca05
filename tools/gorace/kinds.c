/* The kinds of findings, with their pages of docs/findings linked in. */
#include <string.h>

#include "embed.h"
#include "writer.h"

#define KIND(name, word, title) EMBED(page_##word, GORACE_SOURCE_DIR "/docs/findings/" name ".md")
#include "kinds.def"
#undef KIND

const struct kind *kind_at(size_t i)
{
    static struct kind kinds[] = {
#define KIND(name, word, title) {name, title, page_##word, 0},
#include "kinds.def"
#undef KIND
    };
    const size_t bytes[] = {
#define KIND(name, word, title) embedded_bytes(page_##word, page_##word##_end),
#include "kinds.def"
#undef KIND
    };
    if (i >= sizeof kinds / sizeof *kinds)
        return NULL;
    kinds[i].page_bytes = bytes[i];
    return &kinds[i];
}

const struct kind *kind_named(const char *name)
{
    const struct kind *k;
    for (size_t i = 0; (k = kind_at(i)); i++)
        if (!strcmp(k->name, name))
            return k;
    return NULL;
}
