#include "models/engines/external_pin.h"

#include <string.h>
#include <unistd.h>

/* Of the processors that the thread may use, one with the fewest pairs; the one where it is, if
 * that is one of them. */
static int choose(const struct pin_board *board, const cpu_set_t *allowed)
{
    int best = sched_getcpu();
    if (best < 0 || best >= CPU_SETSIZE || !CPU_ISSET(best, allowed))
        best = -1;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, allowed) && (best < 0 || board->counts[i] < board->counts[best]))
            best = i;
    return best;
}

void pin_begin(struct pin *pin, struct pin_board *board, pid_t process)
{
    memset(pin, 0, sizeof *pin);
    if (sched_getaffinity(0, sizeof pin->before, &pin->before) != 0)
        return;
    int processor = choose(board, &pin->before);
    if (processor < 0)
        return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    /* A thread with two engines was bound for the first of them, which will let it go. */
    bool is_bound = CPU_COUNT(&pin->before) == 1;
    if (sched_setaffinity(process, sizeof one, &one) != 0)
        return;
    pin->is_bound = !is_bound && sched_setaffinity(0, sizeof one, &one) == 0;
    pin->thread = gettid();
    pin->processor = processor;
    pin->is_counted = true;
    board->counts[processor]++;
}

void pin_end(struct pin *pin, struct pin_board *board)
{
    if (pin->is_counted)
        board->counts[pin->processor]--;
    if (pin->is_bound)
        sched_setaffinity(pin->thread, sizeof pin->before, &pin->before);
    pin->is_counted = pin->is_bound = false;
}
