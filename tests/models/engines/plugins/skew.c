/* skew.c - the engine of models/rce with a state format of its own, in as many versions as it is
 * built for: -DSTATE_VERSION=2 -DSTATE_OLDEST=1 writes version 2 and still reads version 1.
 *
 *     version 1: | 1 | the state |
 *     version 2: | 2 | 1 if it was read from version 1 | the state |
 */
#include <rce/rce.h>

#if STATE_VERSION == 1
enum { HEAD_BYTES = 1 };
#else
enum { HEAD_BYTES = 2 };
#endif

static size_t save(const void *workflow, void *bytes, size_t size_bytes)
{
    size_t needed_bytes = HEAD_BYTES + rce_engine.save(workflow, NULL, 0);
    unsigned char *out = bytes;
    if (size_bytes < needed_bytes)
        return needed_bytes;
    out[0] = STATE_VERSION;
    out[HEAD_BYTES - 1] = HEAD_BYTES == 1 ? STATE_VERSION : 0;
    rce_engine.save(workflow, out + HEAD_BYTES, size_bytes - HEAD_BYTES);
    return needed_bytes;
}

static bool load(void *workflow, void *process, const struct rce_plan *plan, const void *settings,
                 const void *bytes, size_t size_bytes)
{
    const unsigned char *in = bytes;
    if (size_bytes < 2 || in[0] < STATE_OLDEST || in[0] > STATE_VERSION)
        return false;
    return rce_engine.load(workflow, process, plan, settings, in + in[0], size_bytes - in[0]);
}

const struct rce_engine *rce_engine_get(uint32_t abi)
{
    static struct rce_engine engine;
    engine = rce_engine;
    engine.name = "skew";
    engine.version = STATE_VERSION == 1 ? "1" : "2";
    engine.state_version = STATE_VERSION;
    engine.state_version_oldest = STATE_OLDEST;
    engine.capabilities = RCE_CAN_SAVE | RCE_CAN_LOAD;
    engine.save = save;
    engine.load = load;
#ifdef FORGETFUL
    engine.capabilities = 0;
#endif
    return abi == RCE_ABI ? &engine : NULL;
}
