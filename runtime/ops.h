/* Kinds of operations (ops.def). */
#ifndef RT_OPS_H
#define RT_OPS_H

enum rt_op {
#define OP(name, text) RT_OP_##name,
#include "ops.def"
#undef OP
};

#endif
