/* What the whole runtime has and nobody else sees: reached without the table of global offsets, which -fvisibility=hidden spares
 * only those who see the definition. */
#ifndef RT_HIDDEN_H
#define RT_HIDDEN_H

#define RT_HIDDEN __attribute__((visibility("hidden")))

#endif
