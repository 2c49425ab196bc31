#include "sim/chance/draw.h"

void draw_uniform_batch(uint64_t seed, uint32_t replication, struct draw_name first, double *out,
                        size_t count)
{
    /* Blocks are whole from an even occurrence on; an odd first one and a left-over last one are
     * single draws. */
    if (count > 0 && (first.occurrence & 1) != 0) {
        *out++ = draw_uniform(seed, replication, first);
        first.occurrence++;
        count--;
    }
    for (; count >= 2; count -= 2, out += 2, first.occurrence += 2) {
        struct draw_block block = draw_block(seed, replication, first);
        out[0] = draw_uniform_from_bits(block.even);
        out[1] = draw_uniform_from_bits(block.odd);
    }
    if (count > 0)
        *out = draw_uniform(seed, replication, first);
}
