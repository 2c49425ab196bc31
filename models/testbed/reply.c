#include "models/testbed/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

static void make_room(struct reply *reply, size_t more_bytes)
{
    size_t needed_bytes = reply->size_bytes + more_bytes + 1;
    if (needed_bytes <= reply->room_bytes)
        return;
    size_t room_bytes = reply->room_bytes == 0 ? 256 : reply->room_bytes * 2;
    if (room_bytes < needed_bytes)
        room_bytes = needed_bytes;
    char *wider = realloc(reply->body, room_bytes);
    if (wider == NULL)
        check_limit("no memory for an answer");
    reply->body = wider;
    reply->room_bytes = room_bytes;
}

static void print(struct reply *reply, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    make_room(reply, 128);
    size_t free_bytes = reply->room_bytes - reply->size_bytes;
    int length = vsnprintf(reply->body + reply->size_bytes, free_bytes, format, arguments);
    CHECK(length >= 0);
    if ((size_t)length >= free_bytes) {
        make_room(reply, (size_t)length);
        vsnprintf(reply->body + reply->size_bytes, (size_t)length + 1, format, again);
    }
    va_end(again);
    reply->size_bytes += (size_t)length;
}

void reply_print(struct reply *reply, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(reply, format, arguments);
    va_end(arguments);
}

static void append(struct reply *reply, const char *bytes, size_t size_bytes)
{
    make_room(reply, size_bytes);
    memcpy(reply->body + reply->size_bytes, bytes, size_bytes);
    reply->size_bytes += size_bytes;
    reply->body[reply->size_bytes] = '\0';
}

void reply_quote(struct reply *reply, const char *text)
{
    bool is_utf8 = text_is_utf8(text, strlen(text), NULL);
    append(reply, "\"", 1);
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            append(reply, (const char[]){'\\', *c}, 2);
        else if (byte < 0x20 || byte == 0x7f)
            reply_print(reply, "\\u%04x", byte);
        else if (byte >= 0x80 && !is_utf8)
            append(reply, "?", 1);
        else
            append(reply, c, 1);
    }
    append(reply, "\"", 1);
}

void reply_problem(struct reply *reply, int status, const char *code, const char *format, ...)
{
    char detail[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    reply_reset(reply);
    reply->status = status;
    reply->content_type = "application/problem+json";
    reply_print(reply,
                "{\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"detail\":", reply_reason(status),
                status, code);
    reply_quote(reply, detail);
    append(reply, "}", 1);
}

char *reply_take_body(struct reply *reply)
{
    char *body = reply->body;
    reply->body = NULL;
    reply->size_bytes = reply->room_bytes = 0;
    return body;
}

void reply_reset(struct reply *reply)
{
    free(reply->body);
    *reply = (struct reply){0};
}

const char *reply_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Problem";
}
