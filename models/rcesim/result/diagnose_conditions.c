#include "models/rcesim/result/diagnose_conditions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

enum { CATEGORIES_MAX = 32, FACETS_MAX = 8, HOURS = 24, GROUP_MIN = 5 };

/* The values of one column, and those that are there in ascending order. */
struct view {
    struct conditions *conditions;
    size_t index;
    const struct row_column *column;
    int64_t *values; /* [unit_count] */
    int64_t *sorted; /* [sorted_count] */
    size_t sorted_count;
};

/* Holds for a value from low to high, both included, of the value modulo `period_ns` if that is
 * not 0; or for one of a list. */
struct rule {
    int64_t low, high, period_ns;
    const int64_t *values; /* [value_count]; NULL: the range counts. */
    size_t value_count;
};

static bool holds(const struct rule *rule, int64_t value)
{
    for (size_t i = 0; i < rule->value_count; i++)
        if (rule->values[i] == value)
            return true;
    if (rule->values != NULL)
        return false;
    if (rule->period_ns > 0)
        value %= rule->period_ns;
    return value >= rule->low && value <= rule->high;
}

/* Is the one what the other is not, for all units that have a value? */
static bool is_opposite(const unsigned char *a, const unsigned char *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] == CONDITION_UNKNOWN ? b[i] != CONDITION_UNKNOWN : a[i] + b[i] != 1)
            return false;
    return true;
}

/* Is there a condition of the column that splits the units alike? Of two categories, or
 * hours, each is what the other is not, and gives that its name. */
static bool is_known(struct view *view, const unsigned char *is, const char *label)
{
    struct conditions *conditions = view->conditions;
    for (size_t i = conditions->count; i > 0; i--) {
        struct condition *earlier = &conditions->items[i - 1];
        if (earlier->column != view->index)
            return false;
        if (memcmp(earlier->is, is, conditions->unit_count) == 0)
            return true;
        if (!is_opposite(earlier->is, is, conditions->unit_count))
            continue;
        if (!earlier->has_name_not)
            earlier->label_not = label;
        earlier->has_name_not = true;
        return true;
    }
    return false;
}

/* Add a condition, unless one of its groups would be smaller than GROUP_MIN, or it is known. */
static void add(struct view *view, const struct rule *rule, const char *label,
                const char *label_not)
{
    struct conditions *conditions = view->conditions;
    if (conditions->count == CONDITIONS_MAX)
        return;
    size_t units = conditions->unit_count, counts[2] = {0, 0};
    unsigned char *is = arena_take_array(conditions->arena, units, 1);
    for (size_t i = 0; i < units; i++) {
        is[i] = CONDITION_UNKNOWN;
        if (view->values[i] == ROW_NONE)
            continue;
        is[i] = holds(rule, view->values[i]);
        counts[is[i]]++;
    }
    if (counts[0] < GROUP_MIN || counts[1] < GROUP_MIN)
        return;
    if (is_known(view, is, label))
        return;
    conditions->items[conditions->count++] = (struct condition){
        .column = view->index,
        .label = label,
        .label_not = label_not,
        .is_one_of_many = view->column->is_category || view->column->kind == ROW_NAME,
        .is = is,
    };
}

static const char *value_text(const struct view *view, int64_t value)
{
    struct arena *arena = view->conditions->arena;
    char text[UNITS_TEXT_SIZE_BYTES];
    switch (view->column->kind) {
    case ROW_COUNT:
    case ROW_FLAG: return arena_print(arena, "%" PRId64, value);
    case ROW_DURATION_NS:
    case ROW_TIME_NS: return arena_copy_text(arena, units_print_rough_duration(text, value));
    case ROW_NAME:
        CHECK(value >= 0 && (size_t)value < view->column->name_count);
        return view->column->names[value];
    }
    CHECK_UNREACHABLE("a known kind of column");
}

/* "trigger margin": a name as a person would write it. */
static const char *words(struct arena *arena, const char *name)
{
    char *text = arena_copy_text(arena, name);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    return text;
}

static void add_above(struct view *view, int64_t threshold)
{
    struct arena *arena = view->conditions->arena;
    const char *name = words(arena, view->column->name), *value = value_text(view, threshold);
    if (threshold == INT64_MAX)
        return;
    add(view, &(struct rule){.low = threshold + 1, .high = INT64_MAX},
        arena_print(arena, "%s above %s", name, value),
        arena_print(arena, "%s at most %s", name, value));
}

static void add_negative(struct view *view)
{
    struct arena *arena = view->conditions->arena;
    const char *name = words(arena, view->column->name);
    const char *label = view->column->negative;
    add(view, &(struct rule){.low = ROW_NONE + 1, .high = -1},
        label != NULL ? label : arena_print(arena, "%s below 0", name),
        arena_print(arena, "%s not below 0", name));
}

static void add_splits(struct view *view)
{
    static const double shares[] = {0.5, 0.75, 0.9};
    bool has_negative = view->sorted[0] < 0;
    if (view->column->kind != ROW_TIME_NS && has_negative)
        add_negative(view);
    else if (view->column->kind != ROW_TIME_NS)
        add_above(view, 0);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        add_above(view, view->sorted[(size_t)(shares[i] * (double)(view->sorted_count - 1))]);
}

/* By hours since the start, or by hours of the day where it is longer than a day. */
static void add_hours(struct view *view)
{
    struct arena *arena = view->conditions->arena;
    const char *name = words(arena, view->column->name);
    bool is_long = view->sorted[view->sorted_count - 1] >= UNITS_D;
    if (view->sorted[0] < 0)
        return;
    for (int hour = 0; hour < HOURS; hour++) {
        const char *of = is_long ? "of a day" : "after the beginning";
        add(view,
            &(struct rule){.low = hour * UNITS_H,
                           .high = (hour + 1) * UNITS_H - 1,
                           .period_ns = is_long ? UNITS_D : 0},
            arena_print(arena, "%s between %d h and %d h %s", name, hour, hour + 1, of),
            arena_print(arena, "%s outside %d h to %d h %s", name, hour, hour + 1, of));
    }
}

static const char *category_text(const struct view *view, int64_t value, size_t facet)
{
    const struct diagnose_input *input = view->conditions->input;
    if (view->column->kind != ROW_NAME && input->category != NULL) {
        const char *text = input->category(input->context, view->column->name, value, facet);
        if (text != NULL || facet > 0)
            return text;
    }
    if (facet > 0)
        return NULL;
    return arena_print(view->conditions->arena, "%s %s",
                       words(view->conditions->arena, view->column->name), value_text(view, value));
}

/* Every text that a facet gives to some value is a condition: one of these values. */
static void add_facet(struct view *view, const int64_t *distinct, size_t distinct_count,
                      size_t facet)
{
    struct arena *arena = view->conditions->arena;
    const char *texts[CATEGORIES_MAX];
    for (size_t i = 0; i < distinct_count; i++)
        texts[i] = category_text(view, distinct[i], facet);
    for (size_t i = 0; i < distinct_count; i++) {
        int64_t members[CATEGORIES_MAX];
        size_t member_count = 0;
        bool is_first = texts[i] != NULL;
        for (size_t k = 0; k < i && is_first; k++)
            is_first = texts[k] == NULL || strcmp(texts[k], texts[i]) != 0;
        if (!is_first)
            continue;
        for (size_t k = i; k < distinct_count; k++)
            if (texts[k] != NULL && strcmp(texts[k], texts[i]) == 0)
                members[member_count++] = distinct[k];
        add(view, &(struct rule){.values = members, .value_count = member_count}, texts[i],
            arena_print(arena, "not %s", texts[i]));
    }
}

static void add_categories(struct view *view)
{
    int64_t distinct[CATEGORIES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < view->sorted_count && count < CATEGORIES_MAX; i++)
        if (i == 0 || view->sorted[i] != view->sorted[i - 1])
            distinct[count++] = view->sorted[i];
    for (size_t facet = 0; count > 1 && facet < FACETS_MAX; facet++)
        add_facet(view, distinct, count, facet);
}

static int compare_values(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

static void look(struct view *view)
{
    const struct diagnose_input *input = view->conditions->input;
    view->sorted_count = 0;
    for (size_t r = 0, unit = 0; r < input->replication_count; r++)
        for (size_t i = 0; i < input->rows[r].row_count; i++, unit++) {
            int64_t value = input->rows[r].values[i * input->column_count + view->index];
            view->values[unit] = value;
            if (value != ROW_NONE)
                view->sorted[view->sorted_count++] = value;
        }
    qsort(view->sorted, view->sorted_count, sizeof *view->sorted, compare_values);
}

static void add_column(struct view *view)
{
    look(view);
    if (view->sorted_count == 0)
        return;
    switch (view->column->kind) {
    case ROW_FLAG:
        add(view, &(struct rule){.low = 1, .high = 1}, view->column->doc,
            arena_print(view->conditions->arena, "not: %s", view->column->doc));
        return;
    case ROW_NAME: add_categories(view); return;
    case ROW_TIME_NS: add_hours(view); break;
    case ROW_COUNT:
    case ROW_DURATION_NS: break;
    }
    if (view->column->is_category)
        add_categories(view);
    else
        add_splits(view);
}

void conditions_make(struct conditions *conditions, struct arena *arena,
                     const struct diagnose_input *input)
{
    *conditions = (struct conditions){.input = input, .arena = arena};
    for (size_t r = 0; r < input->replication_count; r++)
        conditions->unit_count += input->rows[r].row_count;
    conditions->items = arena_take_array(arena, CONDITIONS_MAX, sizeof *conditions->items);
    struct view view = {.conditions = conditions};
    view.values = arena_take_array(arena, conditions->unit_count, sizeof *view.values);
    view.sorted = arena_take_array(arena, conditions->unit_count, sizeof *view.sorted);
    for (size_t i = 0; i < input->column_count; i++) {
        view.index = i;
        view.column = &input->columns[i];
        if (view.column->role == ROW_CONDITION || view.column->role == ROW_EXPOSURE)
            add_column(&view);
    }
}
