/* rce_plugin.c - the linked engine as a shared object: what tests compare with the linked one. */
#include "models/rce/rce.h"

const struct rce_engine *rce_engine_get(uint32_t abi)
{
    return abi == RCE_ABI ? &rce_engine : NULL;
}
