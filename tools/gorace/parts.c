/* A finding cut into parts that have a stack each, with a title, as the text report of the detector says them.
 *
 * Members that this launcher does not know (of a newer detector) become parts as well, titled by their scalars: better
 * shown clumsily than left out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "finding.h"

/* Takes the title. */
static struct part *add(struct parts *parts, char *title, const json_t *of, const json_t *stack, int level)
{
    parts->at = must_grow(parts->at, (parts->n + 1) * sizeof *parts->at);
    parts->at[parts->n] = (struct part){.title = title, .of = of, .stack = stack, .level = level};
    return &parts->at[parts->n++];
}

void parts_free(struct parts *parts)
{
    for (size_t i = 0; i < parts->n; i++)
        free(parts->at[i].title);
    free(parts->at);
}

static const json_t *stack_of(const json_t *object)
{
    return json_object_get(object, "stack");
}

/* ---- races -------------------------------------------------------------------------------------------------------- */

static void add_locks(struct parts *parts, const json_t *access)
{
    const json_t *lock, *locks = json_object_get(access, "locks");
    size_t i;
    json_array_foreach(locks, i, lock) {
        const char *name = text_of(lock, "name");
        bool shared = !strcmp(text_of(lock, "mode"), "shared");
        add(parts,
            must_format("Lock %s%s%s held %s, taken at:", name, *name ? " " : "", text_of(lock, "address"),
                        shared ? "for reading" : "exclusively"),
            lock, stack_of(lock), 1);
    }
    json_int_t more = number_of(access, "locks_held") - (json_int_t)json_array_size(locks);
    if (more > 0)
        add(parts, must_format("and %" JSON_INTEGER_FORMAT " more locks", more), access, NULL, 1);
}

static char *locks_held(const json_t *access)
{
    const json_t *held = json_object_get(access, "locks_held");
    json_int_t n = json_integer_value(held);
    if (!json_is_integer(held))
        return must_copy("locks not known");
    if (n == 0)
        return must_copy("no locks held");
    return must_format("%" JSON_INTEGER_FORMAT " lock%s held", n, n == 1 ? "" : "s");
}

static void add_access(struct parts *parts, const json_t *finding, const json_t *access)
{
    const char *kind = text_of(access, "kind");
    bool earlier = !strcmp(text_of(access, "when"), "earlier"), freed = !strcmp(kind, "free");
    char *verb = must_format("%s%s%s", earlier ? "Earlier " : "",
                             json_is_true(json_object_get(access, "atomic")) ? "atomic " : "", kind);
    char *size = freed ? must_copy("of the block with")
                       : must_format("of size %" JSON_INTEGER_FORMAT " at", number_of(access, "size"));
    char *who = finding_actor(finding, number_of(access, "actor"), true), *held = locks_held(access);
    if (*verb >= 'a' && *verb <= 'z')
        *verb = (char)(*verb - 'a' + 'A');
    add(parts, must_format("%s %s %s by %s, %s:", verb, size, text_of(access, "address"), who, held), access,
        stack_of(access), 0);
    free(verb);
    free(size);
    free(who);
    free(held);
    add_locks(parts, access);
}

static char *location(const json_t *finding, const json_t *object)
{
    const char *kind = text_of(object, "kind"), *file = text_of(object, "file"), *name = text_of(object, "name");
    json_int_t size = number_of(object, "size");
    const char *address = text_of(object, "address");
    char *who = finding_actor(finding, number_of(object, "actor"), true), *said;
    if (!strcmp(kind, "heap")) {
        const char *accessed = text_of(json_array_get(json_object_get(finding, "accesses"), 0), "address");
        unsigned long long at = strtoull(accessed, NULL, 16) - strtoull(address, NULL, 16);
        said = *accessed ? must_format("Location is byte %llu of a heap block of %" JSON_INTEGER_FORMAT
                                       " bytes at %s, allocated by %s at:",
                                       at, size, address, who)
                         : must_format("Heap block of %" JSON_INTEGER_FORMAT " bytes at %s, allocated by %s at:", size,
                                       address, who);
    } else if (!strcmp(kind, "stack")) {
        said = must_format("Location is the stack of %s", who);
    } else if (!strcmp(kind, "tls")) {
        said = must_format("Location is thread-local storage of %s", who);
    } else if (!strcmp(kind, "fd")) {
        said = must_format("Location is file descriptor %llu", strtoull(address, NULL, 16));
    } else if (!strcmp(kind, "global") && *name) {
        said = must_format("Location is global '%s' of size %" JSON_INTEGER_FORMAT " at %s", name, size, address);
        if (*file) {
            char *defined =
                must_format("%s defined at %s:%" JSON_INTEGER_FORMAT, said, file, number_of(object, "line"));
            free(said);
            said = defined;
        }
    } else if (!strcmp(kind, "global")) {
        said = must_format("Location is data of %s at %s", base_of(text_of(object, "module")), address);
    } else {
        said = must_format("Location is %s", address);
    }
    free(who);
    return said;
}

static void add_creation(struct parts *parts, const json_t *finding, const json_t *actor)
{
    if (json_is_true(json_object_get(actor, "main")))
        return;
    char *who = finding_actor(finding, number_of(actor, "number"), true), *title;
    *who = (char)(*who - 'a' + 'A');
    if (json_array_size(stack_of(actor)) == 0) {
        title = must_format("%s: its creation was not seen", who);
        add(parts, title, actor, NULL, 0)->background = true;
    } else {
        char *creator = finding_creator(finding, actor);
        title = must_format("%s created%s%s at:", who, creator ? " by " : "", creator ? creator : "");
        add(parts, title, actor, stack_of(actor), 0)->background = true;
        free(creator);
    }
    free(who);
}

/* ---- steps: waits, edges of a lock order, places of a misuse ------------------------------------------------------- */

/* "mutex table_lock 0x5020" */
static char *step_object(const json_t *object)
{
    const char *name = text_of(object, "name"), *address = text_of(object, "address");
    return must_format("%s%s%s%s%s", text_of(object, "type"), *name ? " " : "", name, *address ? " " : "", address);
}

/* Only of a read-write lock this is worth a word. */
static bool reads(const json_t *step)
{
    return !strcmp(text_of(step, "mode"), "shared") &&
           !strcmp(text_of(json_object_get(step, "object"), "type"), "read-write lock");
}

static bool has_ended(const json_t *finding, json_int_t number)
{
    const json_t *actor;
    size_t i;
    json_array_foreach(json_object_get(finding, "actors"), i, actor)
        if (number_of(actor, "number") == number)
            return !strcmp(text_of(actor, "state"), "ended");
    return false;
}

static char *waits_for(const json_t *finding, const json_t *step, const char *object)
{
    const json_t *target = json_object_get(step, "target");
    char *owner = json_is_integer(target) ? finding_actor(finding, json_integer_value(target), false) : must_copy(""),
         *said;
    const char *held = !*owner ? "" : ", held by ";
    if (*owner && has_ended(finding, json_integer_value(target)))
        held = ", held by the ended ";
    if (!strcmp(text_of(json_object_get(step, "object"), "type"), "thread"))
        said = must_format("the end of %s", *owner ? owner : "a thread");
    else
        said = must_format("%s%s%s%s", object, reads(step) ? " for reading" : "", held, owner);
    free(owner);
    return said;
}

static char *step_title(const json_t *finding, const json_t *step)
{
    const char *role = text_of(step, "role");
    char *who = finding_actor(finding, number_of(step, "actor"), true),
         *object = step_object(json_object_get(step, "object"));
    char *what = waits_for(finding, step, object), *title;
    if (!strcmp(role, "waits"))
        title = must_format("%s waits for %s, at:", who, what);
    else if (!strcmp(role, "acquires"))
        title = must_format("%s takes %s, at:", who, what);
    else if (!strcmp(role, "misuses"))
        title = must_format("By %s on %s, at:", who, object);
    else if (!strcmp(role, "waited"))
        title = must_format("Other wait by %s on %s, at:", who, object);
    else if (!strcmp(role, "took"))
        title = must_format("%s was taken by %s at:", object, who);
    else if (!strcmp(role, "destroyed"))
        title = must_format("It was destroyed by %s at:", who);
    else if (!strcmp(role, "initialised"))
        title = must_copy("It was initialised at:");
    else if (!strcmp(role, "copied"))
        title = must_copy("It was copied, from one that lives, at:");
    else
        title = must_format("%s: %s on %s, at:", role, who, object);
    free(what);
    free(object);
    free(who);
    return title;
}

static void add_step(struct parts *parts, const json_t *finding, const json_t *step, bool background)
{
    const json_t *lock, *locks = json_object_get(step, "locks");
    size_t i;
    add(parts, step_title(finding, step), step, stack_of(step), 0)->background = background;
    json_array_foreach(locks, i, lock) {
        char *object = step_object(lock);
        bool shared = !strcmp(text_of(lock, "mode"), "shared");
        add(parts, must_format("Holds %s%s, taken at:", object, shared ? " for reading" : ""), lock, stack_of(lock), 1);
        free(object);
    }
    json_int_t more = number_of(step, "locks_held") - (json_int_t)json_array_size(locks);
    if (more > 0)
        add(parts, must_format("and %" JSON_INTEGER_FORMAT " more locks", more), step, NULL, 1);
}

/* ---- members by no name known here -------------------------------------------------------------------------------- */

static bool is_stack(const json_t *value)
{
    return json_is_array(value) && json_object_get(json_array_get(value, 0), "offset");
}

static char *with(char *text, const char *more)
{
    char *both = must_format("%s%s", text, more);
    free(text);
    return both;
}

static char *scalars(const json_t *finding, const char *word, json_t *object)
{
    char *title = must_copy(word);
    const char *key, *separator = " ";
    json_t *value;
    json_object_foreach(object, key, value) {
        char *said = NULL;
        if (!strcmp(key, "actor") && json_is_integer(value))
            said = finding_actor(finding, json_integer_value(value), true);
        else if (json_is_string(value))
            said = must_format("%s %s", key, json_string_value(value));
        else if (json_is_integer(value))
            said = must_format("%s %" JSON_INTEGER_FORMAT, key, json_integer_value(value));
        else if (json_is_true(value))
            said = must_copy(key);
        if (!said)
            continue;
        title = with(with(title, separator), said);
        separator = ", ";
        free(said);
    }
    return title;
}

static void add_unknown(struct parts *parts, const json_t *finding, const char *word, json_t *object, int level)
{
    const char *key;
    json_t *value, *inside;
    size_t i;
    add(parts, with(scalars(finding, word, object), ":"), object, stack_of(object), level > 1 ? 1 : level);
    json_object_foreach(object, key, value) {
        if (!strcmp(key, "stack"))
            continue;
        if (is_stack(value))
            add(parts, must_format("%s:", key), object, value, 1);
        else if (json_is_object(value))
            add_unknown(parts, finding, key, value, level + 1);
        else
            json_array_foreach(value, i, inside)
                if (json_is_object(inside))
                    add_unknown(parts, finding, key, inside, level + 1);
    }
}

struct parts finding_parts(const json_t *finding)
{
    static const char *const known[] = {"accesses", "edges", "waits", "places", "objects", "actors"};
    struct parts parts = {NULL, 0};
    const char *key;
    json_t *value, *inside;
    size_t i;
    json_array_foreach(json_object_get(finding, "accesses"), i, inside)
        add_access(&parts, finding, inside);
    json_array_foreach(json_object_get(finding, "edges"), i, inside)
        add_step(&parts, finding, inside, false);
    json_array_foreach(json_object_get(finding, "waits"), i, inside)
        add_step(&parts, finding, inside, false);
    /* The act comes first, and the finding is where it was done. */
    json_array_foreach(json_object_get(finding, "places"), i, inside)
        add_step(&parts, finding, inside, i > 0);
    json_object_foreach((json_t *)finding, key, value) {
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            is_known |= !strcmp(key, known[k]);
        if (!is_known)
            json_array_foreach(value, i, inside)
                if (json_is_object(inside))
                    add_unknown(&parts, finding, key, inside, 0);
    }
    json_array_foreach(json_object_get(finding, "objects"), i, inside)
        add(&parts, location(finding, inside), inside, json_array_size(stack_of(inside)) ? stack_of(inside) : NULL, 0)
            ->background = true;
    json_array_foreach(json_object_get(finding, "actors"), i, inside)
        add_creation(&parts, finding, inside);
    return parts;
}
