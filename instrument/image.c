/* See image.h. Of the forms that .eh_frame_hdr may have only the one that linkers write is read. */
#include "image.h"

#include <stddef.h>

#define TABLE 12 /* of the header: version, three encodings, where .eh_frame is, how many */

struct row {
    int32_t start, entry; /* from the header */
};

static const struct row *rows(const struct image *m)
{
    return (const struct row *)(m->frame_header + TABLE);
}

bool image_table(struct image *m, const uint8_t *h)
{
    m->frame_header = h;
    /* version 1; a 4-byte count; rows of two 4-byte numbers from the header on */
    if (!h || h[0] != 1 || (h[1] != 0x1b && h[1] != 0x03) || h[2] != 0x03 || h[3] != 0x3b)
        return false;
    m->nfunctions = *(const uint32_t *)(h + 8);
    return m->nfunctions > 0;
}

bool image_read(struct image *m, const struct dl_phdr_info *info)
{
    *m = (struct image){.name = info->dlpi_name, .load = info->dlpi_addr};
    const uint8_t *h = NULL;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const uintptr_t at = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
            if (p->p_memsz > m->text_end - m->text) {
                m->text = at;
                m->text_end = at + p->p_memsz;
            }
        } else if (p->p_type == PT_LOAD && p->p_flags & PF_W) {
            m->data = m->data && m->data < at ? m->data : at;
            m->data_end = at + p->p_memsz > m->data_end ? at + p->p_memsz : m->data_end;
        } else if (p->p_type == PT_GNU_RELRO) {
            m->relro = at;
            m->relro_end = at + p->p_memsz;
        } else if (p->p_type == PT_GNU_EH_FRAME) {
            h = (const uint8_t *)at;
        } else if (p->p_type == PT_DYNAMIC) {
            m->dynamic = (const ElfW(Dyn) *)at;
        }
    }
    return image_table(m, h) && m->text;
}

/* The FDE's own idea of where the function starts and how long it is, in the only form that compilers use. */
static bool read_entry(const uint8_t *fde, uintptr_t *start, uintptr_t *size)
{
    const uint32_t length = *(const uint32_t *)fde;
    const uint32_t back = *(const uint32_t *)(fde + 4);
    if (length == 0 || length == 0xffffffff || back == 0)
        return false;
    const uint8_t *cie = fde + 4 - back;
    const char *augmentation = (const char *)cie + 9;
    const uint8_t *at = cie + 9;
    while (*at)
        at++;
    at++;
    for (int number = 0; number < 2; number++) /* alignments */
        while (*at++ & 0x80)
            ;
    while (*at++ & 0x80) /* register of the return address */
        ;
    uint8_t encoding = 0;
    if (*augmentation == 'z') {
        while (*at++ & 0x80)
            ;
        for (const char *a = augmentation + 1; *a; a++) {
            if (*a == 'R') {
                encoding = *at++;
            } else if (*a == 'L') {
                at++;
            } else if (*a == 'P') {
                const uint8_t form = *at++ & 15;
                at += form == 0x03 || form == 0x0b ? 4 : 8;
            } else if (*a != 'S') {
                return false;
            }
        }
    }
    const uint8_t *where = fde + 8;
    if (encoding == 0x1b) {
        *start = (uintptr_t)where + (uintptr_t)(intptr_t) * (const int32_t *)where;
        *size = *(const uint32_t *)(where + 4);
    } else if (encoding == 0x03) {
        *start = *(const uint32_t *)where;
        *size = *(const uint32_t *)(where + 4);
    } else {
        return false;
    }
    return true;
}

bool image_function(const struct image *m, uint32_t k, uintptr_t *start, uintptr_t *size)
{
    const struct row *r = &rows(m)[k];
    uintptr_t by_table = (uintptr_t)m->frame_header + (uintptr_t)(intptr_t)r->start;
    return read_entry(m->frame_header + r->entry, start, size) && *start == by_table && *size > 0 &&
           *start >= m->text && *start < m->text_end && *size <= m->text_end - *start;
}
