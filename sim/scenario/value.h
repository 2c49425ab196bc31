/* value.h - one scalar of a scenario: its text, read as its field's type and checked against its
 * limits.
 */
#ifndef SIM_SCENARIO_VALUE_H
#define SIM_SCENARIO_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/chance/dist.h"
#include "sim/scenario/schema_tree.h"

union value_content {
    int64_t whole; /* Duration in ns, count, index of a choice. */
    double number; /* Share, number, rate per s. */
    bool flag;
    const struct dist *dist;
    const char *json; /* Of a tree. */
};

struct value_reader {
    struct arena *arena;
    const char *directory; /* Where files that a distribution names are looked for. */
    size_t error_at;       /* Byte offset in the text that the error is about. */
};

/* Read `text`. Errors say what was expected, not where. */
bool value_parse(struct value_reader *reader, const struct schema_node *schema, const char *text,
                 union value_content *content, struct error *error);

/* The reason of a limit in parentheses, or "" where it has none or does not apply. */
const char *value_reason(struct arena *arena, const struct schema_field *field, bool applies);

/* CHECK that the field's limits and default are themselves good values. */
void value_check_field(struct arena *arena, const struct schema_node *schema);

/* Print the content in a form that does not depend on how it was written, for the hash. */
void value_print_canonical(const struct schema_node *schema, const char *text,
                           union value_content content, FILE *out);

#endif
