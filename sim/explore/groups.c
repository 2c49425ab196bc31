#include "sim/explore/groups.h"

static bool can_meet(const struct groups *groups, struct draw_name a, struct draw_name b)
{
    return !groups->explore->is_independent(groups->parameters, a, b);
}

static uint32_t root_of(const uint32_t *parents, uint32_t i)
{
    while (parents[i] != i)
        i = parents[i];
    return i;
}

/* Union by the lower index, so that a root is the first of its group. */
static void unite(uint32_t *parents, uint32_t a, uint32_t b)
{
    a = root_of(parents, a);
    b = root_of(parents, b);
    if (a < b)
        parents[b] = a;
    else
        parents[a] = b;
}

void groups_give_up(struct groups *groups)
{
    for (uint32_t i = 0; i < groups->name_count; i++)
        groups->of[i] = 0;
    groups->count = 1;
}

struct groups *groups_create(struct arena *arena, const struct model_explore *explore,
                             const void *parameters, const struct draw_name *names, uint32_t count)
{
    struct groups *groups = arena_take(arena, sizeof *groups);
    uint32_t *of = arena_take_array(arena, count, sizeof *of);
    *groups = (struct groups){.explore = explore,
                              .parameters = parameters,
                              .names = names,
                              .of = of,
                              .name_count = count,
                              .count = 1};
    if (explore->is_independent == NULL || count > GROUPS_DRAWS_MAX)
        return groups;
    for (uint32_t i = 0; i < count; i++) {
        of[i] = i;
        for (uint32_t j = 0; j < i; j++)
            if (root_of(of, i) != root_of(of, j) && can_meet(groups, names[i], names[j]))
                unite(of, i, j);
    }
    /* A root is the first of its group, so one pass from the left numbers them; the numbers would
     * be taken for parents, so those are looked up first, from the right. */
    for (uint32_t i = count; i-- > 0;)
        of[i] = root_of(of, i);
    groups->count = 0;
    for (uint32_t i = 0; i < count; i++)
        of[i] = of[i] == i ? groups->count++ : of[of[i]];
    if (groups->count == 0)
        groups->count = 1;
    return groups;
}

int32_t groups_find(const struct groups *groups, struct draw_name name)
{
    int32_t found = GROUP_NONE;
    for (uint32_t i = 0; i < groups->name_count; i++) {
        if ((int32_t)groups->of[i] == found || !can_meet(groups, groups->names[i], name))
            continue;
        if (found != GROUP_NONE)
            return GROUP_JOINS;
        found = (int32_t)groups->of[i];
    }
    return found;
}
