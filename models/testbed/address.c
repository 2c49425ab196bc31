#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "models/testbed/server.h"

/* Split "host:port" or "[host]:port". */
static bool split(const char *text, char host[SERVER_ADDRESS_SIZE_BYTES], char port[8])
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || strlen(text) >= SERVER_ADDRESS_SIZE_BYTES || strlen(colon + 1) > 5 ||
        colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    size_t length = (size_t)(colon - text);
    bool is_bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (length == 0 || (!is_bracketed && memchr(text, ':', length) != NULL))
        return false;
    memcpy(host, text + is_bracketed, length - 2u * is_bracketed);
    host[length - 2u * is_bracketed] = '\0';
    memcpy(port, colon + 1, strlen(colon));
    return true;
}

/* Write the address that a socket has got. */
static void describe(int listening, char address[SERVER_ADDRESS_SIZE_BYTES], bool *is_loopback)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char host[64] = "?", port[8] = "?";
    getsockname(listening, (struct sockaddr *)&bound, &size);
    getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(address, SERVER_ADDRESS_SIZE_BYTES, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
             host, port);
    *is_loopback = guard_is_loopback((struct sockaddr *)&bound);
}

static int listen_on(const struct addrinfo *place)
{
    int yes = 1;
    int listening = socket(place->ai_family, place->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                           place->ai_protocol);
    if (listening < 0)
        return -1;
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, place->ai_addr, place->ai_addrlen) == 0 && listen(listening, 4096) == 0)
        return listening;
    int problem = errno;
    close(listening);
    errno = problem;
    return -1;
}

int server_open(const char *text, char address[SERVER_ADDRESS_SIZE_BYTES], bool *is_loopback,
                struct error *error)
{
    char host[SERVER_ADDRESS_SIZE_BYTES], port[8];
    struct addrinfo *places;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    if (!split(text, host, port)) {
        error_set(error, ERROR_USAGE,
                  "\"%s\" is no address to listen on; expected one such as 127.0.0.1:8080, "
                  "[::1]:8080 or 127.0.0.1:0 (any free port)",
                  text);
        return -1;
    }
    int problem = getaddrinfo(host, port, &wanted, &places);
    if (problem != 0) {
        error_set(error, ERROR_IO, "cannot listen on %s: %s", text, gai_strerror(problem));
        return -1;
    }
    int listening = listen_on(places);
    if (listening < 0)
        error_set(error, ERROR_IO, "cannot listen on %s: %s%s", text, strerror(errno),
                  errno == EADDRINUSE ? "; choose another with --listen (port 0: any that is free)"
                                      : "");
    else
        describe(listening, address, is_loopback);
    freeaddrinfo(places);
    return listening;
}
