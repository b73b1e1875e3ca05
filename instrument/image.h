/* A loaded module: its text, and the functions in it, by .eh_frame_hdr, which stripped files have as well. */
#ifndef GORACE_INSTRUMENT_IMAGE_H
#define GORACE_INSTRUMENT_IMAGE_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct image {
    const char *name;
    uintptr_t load;              /* what the module's own addresses count from */
    uintptr_t text, text_end;    /* the executable segment; of several, the largest */
    const uint8_t *frame_header; /* .eh_frame_hdr */
    const ElfW(Dyn) * dynamic;
    uintptr_t data, data_end;   /* what may be written ... */
    uintptr_t relro, relro_end; /* ... but this, after the loader is done */
    uint32_t nfunctions;
};

/* False: there is nothing that could be done with it. */
bool image_read(struct image *m, const struct dl_phdr_info *info);
/* Its functions, by .eh_frame_hdr; false: there are none, or not in the form that linkers write. */
bool image_table(struct image *m, const uint8_t *frame_header);
/* The k-th function by address; false: its table says nothing that is understood. */
bool image_function(const struct image *m, uint32_t k, uintptr_t *start, uintptr_t *size);

#endif
