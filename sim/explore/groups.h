/* groups.h - which draws can meet: the groups of draws that the model calls independent of each
 * other. Private to sim/explore.
 *
 * Two draws that are not independent are in one group, and so is everything between them. A draw
 * that was not there when the groups were made belongs to the group that it depends on; to none, if
 * it depends on no draw; or it joins two groups, and then there were none.
 */
#ifndef SIM_EXPLORE_GROUPS_H
#define SIM_EXPLORE_GROUPS_H

#include "sim/base/arena.h"
#include "sim/experiment/model.h"

enum { GROUP_NONE = -1, GROUP_JOINS = -2 };
/* Among more draws than that every pair cannot be asked about: they are one group. */
enum { GROUPS_DRAWS_MAX = 4096 };

struct groups {
    const struct model_explore *explore;
    const void *parameters;
    const struct draw_name *names; /* [name_count] */
    uint32_t *of;                  /* [name_count] 0 .. count - 1, by first occurrence */
    uint32_t name_count;
    uint32_t count; /* At least 1. */
};

/* Group draws; `names` must live as long. O(name_count^2). */
struct groups *groups_create(struct arena *arena, const struct model_explore *explore,
                             const void *parameters, const struct draw_name *names, uint32_t count);
/* Put them all in one group. */
void groups_give_up(struct groups *groups);

/* The group of any draw, GROUP_NONE or GROUP_JOINS. O(name_count). */
int32_t groups_find(const struct groups *groups, struct draw_name name);

#endif
