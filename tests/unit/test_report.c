/* What the user sees: the text to the letter, and the JSON against its schema. Runs in the folder of this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_names.h"
#include "race_case.h"
#include "report_data.h"

static char text[1 << 20];

static const char *as_text(void)
{
    struct outbuf o;
    report_build(&r, &f, &fake_symbolizer);
    strcpy(r.fingerprint, "0123456789abcdef");
    outbuf_open(&o, -1);
    report_text(&o, &r);
    outbuf_char(&o, 0);
    assert_true(o.used <= sizeof text);
    memcpy(text, o.data, o.used);
    outbuf_close(&o);
    return text;
}

/* ---- text ----------------------------------------------------------------------------------------------------- */

static void global_with_locks(void **state)
{
    (void)state;
    write_and_read(0x5008);
    f.access[0].nlocks = 1;
    f.access[0].locks[0] = (struct finding_lock){0x5020, true, stack_in("lock_table", 8), THING_MUTEX};
    f.access[1].nlocks = 2;
    f.access[1].locks[0] = (struct finding_lock){0x7000, false, stack_in("read_lock", 9), THING_MUTEX};
    f.access[1].locks[1] = (struct finding_lock){0x7040, true, 0, THING_MUTEX};
    assert_string_equal(
        as_text(),
        "==================\n"
        "WARNING: gorace: data-race: write of 4 bytes at counter+8 (global, race.c:5) by thread T1 and earlier read by "
        "main thread, unordered [0123456789abcdef]\n"
        "  Write of size 4 at 0x5008 by thread T1 'worker' (tid 123, running), 1 lock held:\n"
        "    #0 put race.c:12:5 (app+0x1000)\n"
        "    Lock table_lock 0x5020 held exclusively, taken at:\n"
        "      #0 lock_table race.c:8:5 (app+0x1050)\n"
        "      #1 main race.c:44:5 (app+0x1060)\n"
        "  Earlier read of size 4 at 0x5008 by main thread (tid 100, running), 2 locks held:\n"
        "    #0 get race.c:22:5 (app+0x1030)\n"
        "    #1 main race.c:44:5 (app+0x1040)\n"
        "    Lock 0x7000 held for reading, taken at:\n"
        "      #0 read_lock race.c:9:5 (app+0x1070)\n"
        "      #1 main race.c:44:5 (app+0x1080)\n"
        "    Lock 0x7040 held exclusively, taken at:\n"
        "      <stack not known>\n"
        "  Location is global 'counter' of size 32 at 0x5000 defined at race.c:5 (app+0x4040)\n"
        "  Thread T1 'worker' (tid 123, running) created by main thread at:\n"
        "    #0 start race.c:31:5 (app+0x1010)\n"
        "    #1 main race.c:44:5 (app+0x1020)\n"
        "SUMMARY: gorace: data-race race.c:12 in put\n"
        "==================\n");
}

static void free_of_a_heap_block(void **state)
{
    (void)state;
    write_and_read(0x9010);
    f.access[0].kind = ACCESS_FREE;
    f.access[0].actor.ended = true;
    f.access[1].kind = ACCESS_ATOMIC_WRITE;
    f.access[1].actor = (struct finding_actor){.number = 7, .tid = 130, .parent = 1};
    f.access[1].locks_lost = true;
    f.object = (struct finding_object){OBJECT_HEAP, 0x9000, 48, stack_in("make", 15), main_thread};
    assert_string_equal(
        as_text(),
        "==================\n"
        "WARNING: gorace: data-race: free of a heap block of 48 bytes (allocated at race.c:15) by thread T1 and "
        "earlier "
        "atomic write by thread T7, unordered [0123456789abcdef]\n"
        "  Free of the block with 0x9010 by thread T1 'worker' (tid 123, ended), no locks held:\n"
        "    #0 put race.c:12:5 (app+0x1000)\n"
        "  Earlier atomic write of size 4 at 0x9010 by thread T7 (tid 130, running), locks not known:\n"
        "    #0 get race.c:22:5 (app+0x1030)\n"
        "    #1 main race.c:44:5 (app+0x1040)\n"
        "  Location is byte 16 of a heap block of 48 bytes at 0x9000, allocated by main thread (tid 100, running) at:\n"
        "    #0 make race.c:15:5 (app+0x1050)\n"
        "    #1 main race.c:44:5 (app+0x1060)\n"
        "  Thread T1 'worker' (tid 123, ended) created by main thread at:\n"
        "    #0 start race.c:31:5 (app+0x1010)\n"
        "    #1 main race.c:44:5 (app+0x1020)\n"
        "  Thread T7 (tid 130, running): its creation was not seen\n"
        "SUMMARY: gorace: data-race race.c:12 in put\n"
        "==================\n");
}

static void lock_with_a_given_name(void **state)
{
    (void)state;
    write_and_read(0x5000);
    f.access[0].nlocks = 2;
    f.access[0].locks[0] = (struct finding_lock){.addr = 0x7000, .exclusive = true, .stack = stack_in("l", 8)};
    f.access[0].locks[1] = (struct finding_lock){.addr = 0x5020, .exclusive = true, .stack = stack_in("l", 9)};
    fake_given_at = 0x7000;
    as_text();
    assert_non_null(strstr(text, "    Lock given 0x7000 held exclusively"));
    assert_non_null(strstr(text, "    Lock table_lock 0x5020 held exclusively"));
    fake_given_at = 0x5020; /* it goes before the variable's */
    as_text();
    assert_non_null(strstr(text, "    Lock given 0x5020 held exclusively"));
}

static void without_names(void **state)
{
    (void)state;
    write_and_read(0x6000);
    f.access[0].stack = fake_stack(fake_frame(NULL, NULL, 0, 0), (uintptr_t)0);
    f.access[1].stack = 0;
    f.object = (struct finding_object){.kind = OBJECT_STACK, .base = 0x6000, .actor = main_thread};
    as_text();
    assert_non_null(strstr(text, "write of 4 bytes at the stack of main thread by thread T1"));
    assert_non_null(strstr(text, "    #0 (app+0x1050)\n"));
    assert_non_null(strstr(text, "no locks held:\n    <stack not known>\n"));
    assert_non_null(strstr(text, "  Location is the stack of main thread (tid 100, running)\n"));
    assert_non_null(strstr(text, "SUMMARY: gorace: data-race (app+0x1050)\n"));

    struct outbuf o;
    report_build(&r, &f, NULL); /* no symboliser at all: the address itself */
    outbuf_open(&o, -1);
    report_text(&o, &r);
    outbuf_char(&o, 0);
    assert_non_null(strstr(o.data, "    #0 (0x5)\n"));
    outbuf_close(&o);
}

static void names_cannot_forge_lines(void **state)
{
    (void)state;
    write_and_read(0x5000);
    strcpy(f.access[0].actor.name, "x\nWARNING: \x1b[31m");
    as_text();
    assert_non_null(strstr(text, "thread T1 'x?WARNING: ?[31m' (tid 123"));
}

/* Frames of the detector, and what comes before main or below a thread's own function. */
static void frames_left_out(void **state)
{
    (void)state;
    write_and_read(0x5000);
    uintptr_t hook = fake_frame("__tsan_write4", NULL, 0, 0), inner = fake_frame("inner", "/src/app/race.c", 1, 2);
    uintptr_t outer = fake_frame("outer", "/src/app/race.c", 3, 4), qsort = fake_frame("qsort", NULL, 0, 0);
    uintptr_t root = fake_frame("main", "/src/app/race.c", 5, 6), start = fake_frame("__libc_start_main", NULL, 0, 0);
    uintptr_t trampoline = fake_frame("trampoline", NULL, 0, 0), clone = fake_frame("clone3", NULL, 0, 0);
    fake_frames[inner - 1].inlined = true;
    fake_frames[hook - 1].module = fake_frames[trampoline - 1].module = "/usr/lib/gorace/libgorace.so";
    fake_frames[qsort - 1].module = fake_frames[start - 1].module = fake_frames[clone - 1].module = "/lib/libc.so.6";
    f.access[0].stack = fake_stack(hook, inner, qsort, root, start, start, (uintptr_t)0);
    f.access[1].stack = fake_stack(hook, outer, trampoline, clone, (uintptr_t)0);
    as_text();
    assert_int_equal(r.access[0].n, 4);
    assert_string_equal(r.access[0].at[0].frame->function, "inner");
    assert_string_equal(r.access[0].at[1].frame->function, "outer");
    assert_string_equal(r.access[0].at[2].frame->function, "qsort");
    assert_string_equal(r.access[0].at[3].frame->function, "main");
    assert_int_equal(r.access[1].n, 1);
    assert_string_equal(r.access[1].at[0].frame->function, "outer");
}

/* ---- JSON ----------------------------------------------------------------------------------------------------- */

static void json_is_as_the_schema_says(void **state)
{
    (void)state;
    char path[256], command[1024];
    struct outbuf o;
    snprintf(path, sizeof path, "%s/findings.jsonl", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    outbuf_open(&o, -1);
    for (int kind = OBJECT_UNKNOWN; kind <= OBJECT_FD; kind++) {
        set_up(NULL);
        write_and_read(kind == OBJECT_UNKNOWN ? 0x5008 : 0x9000);
        f.object = (struct finding_object){(enum object_kind)kind, 0x9000, 48, stack_in("make", 15), main_thread};
        f.access[0].nlocks = 20;
        for (int i = 0; i < FINDING_LOCKS; i++)
            f.access[0].locks[i] =
                (struct finding_lock){0x7000 + 64 * (uintptr_t)i, i % 2 == 0, i ? 0 : stack_in("l", 8), THING_MUTEX};
        f.access[1].locks_lost = kind == OBJECT_HEAP;
        strcpy(f.access[0].actor.name, "\"w\\\n\x01\xc3\xa9\xff\xe2\x82\xed\xa0\x80");
        uintptr_t again = fake_frame(NULL, NULL, 0, 0);
        f.access[1].stack = fake_stack(again, again, again, (uintptr_t)0);
        report_build(&r, &f, kind == OBJECT_TLS ? NULL : &fake_symbolizer);
        r.in_baseline = kind == OBJECT_STACK;
        report_json(&o, &r);
    }
    fwrite(o.data, 1, o.used, file);
    fclose(file);
    outbuf_close(&o);
    snprintf(command, sizeof command, "python3 validate_findings.py ../../docs/finding.schema.json %s", path);
    assert_int_equal(system(command), 0);
}

static void json_strings(void **state)
{
    (void)state;
    struct outbuf o;
    outbuf_open(&o, -1);
    outbuf_json(&o, "\"\\\n\t\x01\x7f z \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xff \xc0\x80 \xe2\x82 \xed\xa0\x80");
    outbuf_char(&o, 0);
    assert_string_equal(o.data, "\"\\\"\\\\\\n\\t\\u0001\\u007f z \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \\ufffd "
                                "\\ufffd\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd\"");
    outbuf_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(global_with_locks, set_up),
        cmocka_unit_test_setup(free_of_a_heap_block, set_up),
        cmocka_unit_test_setup(lock_with_a_given_name, set_up),
        cmocka_unit_test_setup(without_names, set_up),
        cmocka_unit_test_setup(names_cannot_forge_lines, set_up),
        cmocka_unit_test_setup(frames_left_out, set_up),
        cmocka_unit_test_setup(json_is_as_the_schema_says, set_up),
        cmocka_unit_test(json_strings),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
