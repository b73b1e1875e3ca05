/* SARIF 2.1.0 (OASIS standard), in the subset that GitHub code scanning reads and a little more.
 *
 * A result stands where finding_frame says, which is the same whichever side came first. Its code flow has a thread flow
 * for each stack of what happened, outermost call first; how things came to be (locks taken, allocation, creation of
 * threads) is in relatedLocations. GitHub tells alerts apart by partialFingerprints/primaryLocationLineHash, which its
 * uploader would compute from the source line if it were absent: there stands our own fingerprint. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "finding.h"
#include "writer.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define ROOT_ID "SRCROOT"

static json_t *message(const char *text)
{
    return json_pack("{s:s}", "text", text);
}

/* Every byte that a URI's path may not have becomes %XX. */
static char *uri(const char *scheme, const char *path)
{
    static const char allowed[] = "-._~!$&'()*+,;=:@/";
    char *text = must_grow(NULL, strlen(scheme) + 3 * strlen(path) + 1), *to = stpcpy(text, scheme);
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(allowed, c))
            *to++ = (char)c;
        else
            to += sprintf(to, "%%%02X", c);
    }
    *to = 0;
    return text;
}

static json_t *artifact(const char *path, const char *root)
{
    const char *inside = below(path, root);
    char *text = inside != path || *path != '/' ? uri("", inside) : uri("file://", path);
    json_t *location = json_pack("{s:s}", "uri", text);
    if (*root && (inside != path))
        json_object_set_new(location, "uriBaseId", json_string(ROOT_ID));
    free(text);
    return location;
}

static void set_number(json_t *object, const char *key, json_int_t n)
{
    if (n > 0)
        json_object_set_new(object, key, json_integer(n));
}

/* `said` may be NULL. */
static json_t *location(const json_t *frame, const char *root, const char *said)
{
    const char *file = text_of(frame, "file"), *module = text_of(frame, "module"),
               *function = text_of(frame, "function");
    json_t *where = json_object(), *physical = json_object();
    if (*file) {
        json_object_set_new(physical, "artifactLocation", artifact(file, root));
        if (number_of(frame, "line") > 0) {
            json_t *region = json_object();
            set_number(region, "startLine", number_of(frame, "line"));
            set_number(region, "startColumn", number_of(frame, "column"));
            json_object_set_new(physical, "region", region);
        }
    } else if (*module) {
        json_object_set_new(physical, "artifactLocation", artifact(module, root));
        json_object_set_new(
            physical, "address",
            json_pack("{s:I,s:s}", "relativeAddress", number_of(frame, "offset"), "kind", "instruction"));
    }
    if (json_object_size(physical))
        json_object_set(where, "physicalLocation", physical);
    json_decref(physical);
    if (*function)
        json_object_set_new(where, "logicalLocations",
                            json_pack("[{s:s,s:s}]", "fullyQualifiedName", function, "kind", "function"));
    if (said)
        json_object_set_new(where, "message", message(said));
    return where;
}

static json_t *thread_flow(const struct part *p, const char *root)
{
    json_t *steps = json_array();
    for (size_t i = json_array_size(p->stack); i-- > 0;) {
        const json_t *frame = json_array_get(p->stack, i);
        const char *said = i ? text_of(frame, "function") : p->title;
        json_array_append_new(steps, json_pack("{s:o,s:s}", "location", location(frame, root, *said ? said : NULL),
                                               "importance", i ? "unimportant" : "essential"));
    }
    return json_pack("{s:o,s:o}", "message", message(p->title), "locations", steps);
}

static json_t *stack(const struct part *p, const char *root)
{
    json_t *frames = json_array();
    const json_t *frame;
    size_t i;
    json_array_foreach(p->stack, i, frame) {
        json_t *row = json_pack("{s:o}", "location", location(frame, root, NULL));
        if (*text_of(frame, "module"))
            json_object_set_new(row, "module", json_string(base_of(text_of(frame, "module"))));
        json_array_append_new(frames, row);
    }
    return json_pack("{s:o,s:o}", "message", message(p->title), "frames", frames);
}

/* The schema wants a set; a recursive lock is held twice in one way. */
static void add_to_set(json_t *set, json_t *value)
{
    const json_t *there;
    size_t i;
    bool has = false;
    json_array_foreach(set, i, there)
        has |= json_equal(there, value);
    if (!has)
        json_array_append(set, value);
    json_decref(value);
}

static json_t *result(const struct finding *f, const char *root, size_t rule, bool with_baseline)
{
    struct parts parts = finding_parts(f->json);
    json_t *flows = json_array(), *related = json_array(), *stacks = json_array();
    json_t *result = json_pack("{s:s,s:I,s:s,s:o}", "ruleId", f->kind, "ruleIndex", (json_int_t)rule, "level",
                               strcmp(text_of(f->json, "tier"), "order-only") ? "error" : "warning", "message",
                               message(text_of(f->json, "message")));
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *p = &parts.at[i];
        if (json_array_size(p->stack) == 0)
            continue;
        if (!p->background && !p->level)
            json_array_append_new(flows, thread_flow(p, root));
        json_t *there = location(stack_frame(p->stack, root), root, p->title);
        json_object_set_new(there, "id", json_integer((json_int_t)json_array_size(related)));
        json_array_append_new(related, there);
        add_to_set(stacks, stack(p, root));
    }
    const json_t *frame = finding_frame(f->json, root);
    json_object_set_new(result, "locations", frame ? json_pack("[o]", location(frame, root, NULL)) : json_array());
    if (json_array_size(flows))
        json_object_set_new(result, "codeFlows", json_pack("[{s:O}]", "threadFlows", flows));
    json_object_set(result, "relatedLocations", related);
    json_object_set(result, "stacks", stacks);
    char *hash = must_format("%s:1", f->fingerprint);
    json_object_set_new(
        result, "partialFingerprints",
        json_pack("{s:s,s:s}", "goraceFingerprint/v1", f->fingerprint, "primaryLocationLineHash", hash));
    free(hash);
    if (with_baseline)
        json_object_set_new(result, "baselineState", json_string(f->known ? "unchanged" : "new"));
    json_object_set_new(result, "occurrenceCount", json_integer((json_int_t)f->times));
    json_object_set_new(result, "properties", json_pack("{s:s}", "tier", text_of(f->json, "tier")));
    json_decref(flows);
    json_decref(related);
    json_decref(stacks);
    parts_free(&parts);
    return result;
}

static json_t *rule(const struct kind *k)
{
    return json_pack("{s:s,s:s,s:o,s:{s:s#,s:s#},s:{s:s},s:{s:[ss]}}", "id", k->name, "name", k->title,
                     "shortDescription", message(k->title), "help", "text", k->page, (int)k->page_bytes, "markdown",
                     k->page, (int)k->page_bytes, "defaultConfiguration", "level", "error", "properties", "tags",
                     "concurrency", "correctness");
}

/* The known kinds come first, so a rule has the same number in every report; then those of newer detectors. */
static size_t rule_number(json_t *rules, const char *kind)
{
    const json_t *r;
    size_t i;
    json_array_foreach(rules, i, r)
        if (!strcmp(text_of(r, "id"), kind))
            return i;
    json_array_append_new(rules, json_pack("{s:s}", "id", kind));
    return i;
}

void write_sarif(FILE *to, const struct findings *all, const char *root)
{
    json_t *rules = json_array(), *results = json_array(), *notes = json_array();
    const struct kind *k;
    for (size_t i = 0; (k = kind_at(i)); i++)
        json_array_append_new(rules, rule(k));
    for (size_t i = 0; i < all->n; i++)
        json_array_append_new(
            results, result(&all->at[i], root, rule_number(rules, all->at[i].kind), findings_new(all) < all->n));
    for (size_t i = 0; i < all->nnotices; i++)
        json_array_append_new(notes, json_pack("{s:s,s:o}", "level", "warning", "message", message(all->notices[i])));
    json_t *driver = json_pack("{s:s,s:s,s:o}", "name", "gorace", "semanticVersion", GORACE_VERSION, "rules", rules);
    json_t *run = json_pack("{s:{s:o},s:[{s:b,s:o}],s:o}", "tool", "driver", driver, "invocations",
                            "executionSuccessful", 1, "toolExecutionNotifications", notes, "results", results);
    if (*root) {
        char *base = uri("file://", root);
        json_object_set_new(run, "originalUriBaseIds", json_pack("{s:{s:s}}", ROOT_ID, "uri", base));
        free(base);
    }
    json_t *log = json_pack("{s:s,s:s,s:[o]}", "$schema", SCHEMA, "version", "2.1.0", "runs", run);
    json_dumpf(log, to, JSON_INDENT(1));
    fputc('\n', to);
    json_decref(log);
}
