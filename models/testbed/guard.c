#include "models/testbed/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include "sim/base/text.h"

bool guard_network_parse(struct guard_network *network, const char *text, struct error *error)
{
    char address[64];
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    struct guard_network parsed = {.family = AF_INET};
    bool is_good = length > 0 && length < sizeof address;
    if (is_good) {
        memcpy(address, text, length);
        address[length] = '\0';
        if (strchr(address, ':') != NULL)
            parsed.family = AF_INET6;
        is_good = inet_pton(parsed.family, address, parsed.bytes) == 1;
    }
    uint32_t bits_max = parsed.family == AF_INET ? 32 : 128;
    parsed.bits_count = bits_max;
    if (is_good && slash != NULL) {
        char *end;
        unsigned long bits = strtoul(slash + 1, &end, 10);
        is_good = slash[1] >= '0' && slash[1] <= '9' && *end == '\0' && bits <= bits_max;
        parsed.bits_count = (uint32_t)bits;
    }
    if (!is_good)
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no network; expected an address and a number of bits, such as "
                         "10.1.0.0/16 or fd00::/8",
                         text);
    *network = parsed;
    return true;
}

/* The bytes of an address; an IPv4 address in IPv6 (::ffff:10.0.0.1) as what it is. */
static int bytes_of(const struct sockaddr *address, const uint8_t **bytes)
{
    if (address->sa_family == AF_INET) {
        *bytes = (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
        return AF_INET;
    }
    if (address->sa_family != AF_INET6)
        return AF_UNSPEC;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    *bytes = (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (memcmp(*bytes, mapped, sizeof mapped) != 0)
        return AF_INET6;
    *bytes += sizeof mapped;
    return AF_INET;
}

static bool is_within(const struct guard_network *network, const uint8_t *bytes)
{
    uint32_t whole = network->bits_count / 8, rest = network->bits_count % 8;
    if (memcmp(network->bytes, bytes, whole) != 0)
        return false;
    return rest == 0 || (network->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

static const struct guard_network loopback_four = {AF_INET, {127}, 8};
static const struct guard_network loopback_six = {AF_INET6, {[15] = 1}, 128};

static bool is_loopback(int family, const uint8_t *bytes)
{
    return is_within(family == AF_INET ? &loopback_four : &loopback_six, bytes);
}

/* The system takes it for itself. */
static bool is_any(int family, const uint8_t *bytes)
{
    static const uint8_t six[16] = {0};
    return family == AF_INET ? bytes[0] == 0 : memcmp(bytes, six, sizeof six) == 0;
}

bool guard_is_loopback(const struct sockaddr *address)
{
    const uint8_t *bytes = NULL;
    int family = bytes_of(address, &bytes);
    return family != AF_UNSPEC && is_loopback(family, bytes);
}

bool guard_allows(const struct guard_reach *reach, const struct sockaddr *address)
{
    const uint8_t *bytes = NULL;
    int family = bytes_of(address, &bytes);
    if (family == AF_UNSPEC || is_any(family, bytes))
        return false;
    bool is_here = is_loopback(family, bytes);
    if (is_here && !reach->is_loopback_shut)
        return true;
    for (size_t i = 0; i < reach->networks_count; i++) {
        const struct guard_network *network = &reach->networks[i];
        uint32_t least_bits = is_here ? (family == AF_INET ? 8 : 128) : 0;
        if (network->family == family && network->bits_count >= least_bits &&
            is_within(network, bytes))
            return true;
    }
    return false;
}

bool guard_is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t length = strlen(text);
    return length > 0 && length < GUARD_NAME_SIZE_BYTES && strspn(text, letters) == length &&
           strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

bool guard_is_loopback_host(const char *host)
{
    char name[64];
    bool is_bracketed = host[0] == '[';
    const char *start = host + is_bracketed;
    size_t length = strcspn(start, is_bracketed ? "]" : ":");
    const char *rest = start + length + (is_bracketed && start[length] == ']');
    if (length == 0 || length >= sizeof name || (is_bracketed && start[length] != ']') ||
        (*rest != '\0' && (*rest != ':' || strspn(rest + 1, "0123456789") != strlen(rest + 1))))
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    if (!is_bracketed && strcasecmp(name, "localhost") == 0)
        return true;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (is_bracketed)
        return inet_pton(AF_INET6, name, &six.sin6_addr) == 1 &&
               guard_is_loopback((const struct sockaddr *)&six);
    return inet_pton(AF_INET, name, &four.sin_addr) == 1 &&
           guard_is_loopback((const struct sockaddr *)&four);
}

bool guard_is_same_origin(const char *origin, const char *host)
{
    static const char scheme[] = "http://";
    return strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
           strcasecmp(origin + sizeof scheme - 1, host) == 0;
}

bool guard_has_token(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *given = authorization + sizeof scheme - 1;
    size_t given_length = strlen(given), length = strlen(token);
    unsigned difference = given_length != length;
    for (size_t i = 0; i < given_length; i++)
        difference |= (unsigned)(given[i] ^ token[i % length]);
    return difference == 0;
}

/* Where the authority begins; 0: neither http nor https. */
static size_t scheme_length(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
}

/* Is the part there? A URL that has none of it is parsed as well. */
static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    bool is_there = curl_url_get(parsed, part, &text, 0) == CURLUE_OK && text != NULL;
    curl_free(text);
    return is_there;
}

static bool has_port_0(CURLU *parsed)
{
    char *port = NULL;
    bool is_0 = curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK && atoi(port) == 0;
    curl_free(port);
    return is_0;
}

/* What the library that is to call it says. */
static const char *parsed_fault(const char *url)
{
    CURLU *parsed = curl_url();
    if (parsed == NULL)
        return "it cannot be looked at: no memory";
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    const char *fault = NULL;
    if (code == CURLUE_BAD_PORT_NUMBER || (code == CURLUE_OK && has_port_0(parsed)))
        fault = "its port is none of 1 to 65535";
    else if (code == CURLUE_USER_NOT_ALLOWED)
        fault = "it holds a user or a password";
    else if (code != CURLUE_OK)
        fault = "its host is none";
    else if (has_part(parsed, CURLUPART_ZONEID))
        fault = "its address has a zone";
    curl_url_cleanup(parsed);
    return fault;
}

const char *guard_url_fault(const char *url)
{
    size_t scheme = scheme_length(url);
    if (strlen(url) >= GUARD_URL_SIZE_BYTES)
        return "it is too long";
    for (const char *c = url; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == '\\')
            return "it holds characters that have to be written as %XX";
    if (scheme == 0)
        return "it begins neither with http:// nor with https://";
    const char *authority = url + scheme;
    size_t length = strcspn(authority, "/?#");
    if (length == 0)
        return "its host is none";
    if (memchr(authority, '@', length) != NULL)
        return "it holds a user or a password";
    if (authority[length - 1] == ':')
        return "its port is none of 1 to 65535";
    if (strchr(url, '#') != NULL)
        return "it has a fragment (#)";
    return parsed_fault(url);
}

bool guard_allows_url(const struct guard_reach *reach, const char *url)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    CURLU *parsed = curl_url();
    char *host = NULL;
    bool is_allowed = true;
    if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, CURLU_URLDECODE) == CURLUE_OK) {
        size_t length = strlen(host);
        if (host[0] == '[' && host[length - 1] == ']') {
            host[length - 1] = '\0';
            is_allowed = inet_pton(AF_INET6, host + 1, &six.sin6_addr) != 1 ||
                         guard_allows(reach, (const struct sockaddr *)&six);
        } else if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
            is_allowed = guard_allows(reach, (const struct sockaddr *)&four);
        }
    }
    curl_free(host);
    curl_url_cleanup(parsed);
    return is_allowed;
}

/* "/~" and 8 digits. */
enum { VEIL_SIZE_BYTES = 11 };

static void veil(char veiled[VEIL_SIZE_BYTES], const char *path)
{
    snprintf(veiled, VEIL_SIZE_BYTES, "/~%08" PRIx32, (uint32_t)text_hash(path, strlen(path)));
}

bool guard_has_path(const char *url, const char *path)
{
    char veiled[VEIL_SIZE_BYTES];
    size_t scheme = scheme_length(url);
    const char *found = url + scheme + strcspn(url + scheme, "/?");
    veil(veiled, path);
    return strcmp(found, path) == 0 || strcmp(found, veiled) == 0;
}

const char *guard_veil_url(char veiled[GUARD_VEILED_SIZE_BYTES], const char *url)
{
    size_t scheme = scheme_length(url);
    size_t length = scheme + strcspn(url + scheme, "/?");
    char path[VEIL_SIZE_BYTES] = "";
    if (url[length] != '\0' && strcmp(url + length, "/") != 0)
        veil(path, url + length);
    else
        snprintf(path, sizeof path, "%s", url + length);
    snprintf(veiled, GUARD_VEILED_SIZE_BYTES, "%.*s%s", (int)length, url, path);
    return veiled;
}

bool guard_read_token(char token[GUARD_TOKEN_SIZE_BYTES], const char *path, struct error *error)
{
    char line[GUARD_TOKEN_SIZE_BYTES + 2];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot read the token in %s: %s", path, strerror(errno));
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    size_t length = is_read ? strcspn(line, "\r\n") : 0;
    bool is_good = length >= 16 && length < GUARD_TOKEN_SIZE_BYTES;
    for (size_t i = 0; i < length; i++)
        is_good = is_good && line[i] > ' ' && line[i] < 0x7f;
    if (!is_good)
        return error_set(error, ERROR_IO,
                         "%s: the first line has to be a token of 16 to 255 printable characters "
                         "without blanks, such as what `openssl rand -hex 24` prints",
                         path);
    memcpy(token, line, length);
    token[length] = '\0';
    return true;
}
