/* guard.h - who may come in, and where callbacks may go.
 *
 * The service must not be a way to reach other machines, nor a way in for a page in somebody's
 * browser: callbacks go to loopback and to networks that were named, and the address that is
 * checked is the one that is connected to; where no token is asked for, only requests that name a
 * loopback host are taken (a name that a stranger's DNS points to loopback is none), and what a
 * browser sends on behalf of another site is refused.
 */
#ifndef MODELS_TESTBED_GUARD_H
#define MODELS_TESTBED_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include "sim/base/error.h"

/* "10.1.0.0/16", "fd00::/8", "192.168.1.7". */
struct guard_network {
    int family; /* AF_INET, AF_INET6 */
    uint8_t bytes[16];
    uint32_t bits_count;
};

/* ERROR_USAGE. */
bool guard_network_parse(struct guard_network *network, const char *text, struct error *error);

/* Is this an address of loopback? IPv4 addresses in IPv6 are looked at as what they are. */
bool guard_is_loopback(const struct sockaddr *address);

/* Where callbacks may go. */
struct guard_reach {
    const struct guard_network *networks; /* [networks_count] */
    size_t networks_count;
    bool is_loopback_shut; /* loopback has to be named, too: others than this machine may ask */
};

/* Is it an address of loopback or of one of the networks? Where loopback is shut, only a network
 * within loopback opens it, not one that is so wide that it holds it as well. "Any" (0.0.0.0, ::)
 * is loopback under another name, and never allowed. */
bool guard_allows(const struct guard_reach *reach, const struct sockaddr *address);

/* Is it a name of a client: up to GUARD_NAME_SIZE_BYTES - 1 letters, digits, '.', '_' and '-', but
 * neither "." nor "..", which clients fold in a path? */
enum { GUARD_NAME_SIZE_BYTES = 65 };
bool guard_is_name(const char *text);

/* Does a Host header ("localhost:8080", "[::1]:80") name loopback, by "localhost" or by address? */
bool guard_is_loopback_host(const char *host);

/* Is the Origin header that of the host itself ("http://" and the same host)? */
bool guard_is_same_origin(const char *origin, const char *host);

/* Compare a secret in a time that does not tell where it differs. `authorization` may be NULL. */
bool guard_has_token(const char *authorization, const char *token);

/* What is wrong with a URL to be called: a few words, or NULL if it is one. It has to be of http or
 * https, plain ASCII, with a port of 1 to 65535 if there is any, without user, password, fragment
 * and zone, and shorter than GUARD_URL_SIZE_BYTES. */
enum { GUARD_URL_SIZE_BYTES = 512 };
const char *guard_url_fault(const char *url);

/* May a URL without fault be one to call back? False only where its host is an address outside:
 * what a name stands for is known when it is connected to. */
bool guard_allows_url(const struct guard_reach *reach, const char *url);

/* Write a URL without fault as others may see it: what is behind the host, which may hold a secret,
 * becomes "/~" and a hash of 32 bits, by which whoever knows it can tell whether it is theirs. */
enum { GUARD_VEILED_SIZE_BYTES = GUARD_URL_SIZE_BYTES + 16 };
const char *guard_veil_url(char veiled[GUARD_VEILED_SIZE_BYTES], const char *url);

/* Is this a URL with this path ("/a?b"), as it is or veiled? */
bool guard_has_path(const char *url, const char *path);

/* Read a token from a file: its first line. ERROR_IO where there is none, or one of less than 16
 * characters or more than 255, or of others than printable ASCII. */
enum { GUARD_TOKEN_SIZE_BYTES = 256 };
bool guard_read_token(char token[GUARD_TOKEN_SIZE_BYTES], const char *path, struct error *error);

#endif
