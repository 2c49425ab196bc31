/* entity.h - one 32-bit name for whatever an event or a draw concerns: an SDDC, a cluster, a host.
 *
 *     | 21 bits SDDC | 5 bits cluster | 6 bits host |
 *
 * A cluster's own entity has host 63, an SDDC's own has cluster 31 and host 63; the temporary host
 * is host 62. Regions are named by their index under purposes of their own.
 */
#ifndef MODELS_VMC_ENTITY_H
#define MODELS_VMC_ENTITY_H

#include <stdint.h>

#include "models/rce/rce.h"

enum { ENTITY_NO_CLUSTER = 31, ENTITY_NO_HOST = 63, ENTITY_TEMPORARY_HOST = 62 };

static inline uint32_t entity_of_host(uint32_t sddc, uint32_t cluster, uint32_t host)
{
    return sddc << 11 | cluster << 6 | host;
}

static inline uint32_t entity_of_cluster(uint32_t sddc, uint32_t cluster)
{
    return entity_of_host(sddc, cluster, ENTITY_NO_HOST);
}

static inline uint32_t entity_of_sddc(uint32_t sddc)
{
    return entity_of_host(sddc, ENTITY_NO_CLUSTER, ENTITY_NO_HOST);
}

/* Translate the contract's way of naming a target. */
static inline uint32_t entity_of_target(uint32_t sddc, uint8_t cluster, uint8_t host)
{
    uint32_t c = cluster == RCE_NO_CLUSTER ? ENTITY_NO_CLUSTER : cluster;
    uint32_t h = host == RCE_NO_HOST          ? ENTITY_NO_HOST
                 : host == RCE_TEMPORARY_HOST ? ENTITY_TEMPORARY_HOST
                                              : host;
    return entity_of_host(sddc, c, h);
}

static inline uint32_t entity_sddc(uint32_t entity)
{
    return entity >> 11;
}

static inline uint32_t entity_cluster(uint32_t entity)
{
    return entity >> 6 & 31;
}

static inline uint32_t entity_host(uint32_t entity)
{
    return entity & 63;
}

#endif
