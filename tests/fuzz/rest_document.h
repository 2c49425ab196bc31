/* rest_document.h - what models/testbed/openapi.json says of a request: an oracle for the handler.
 *
 * Paths with `{x}` in a segment fit anything there; a service may find less, so 404 is allowed
 * where a path has such a segment. The document itself is taken from the program, as clients get
 * it.
 */
#ifndef TESTS_FUZZ_REST_DOCUMENT_H
#define TESTS_FUZZ_REST_DOCUMENT_H

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models/testbed/asset.h"
#include "sim/base/check.h"

static inline json_t *rest_document_read(void)
{
    json_error_t problem;
    json_t *document = json_loads(asset_openapi, JSON_REJECT_DUPLICATES, &problem);
    if (document == NULL)
        fprintf(stderr, "openapi.json:%d: %s\n", problem.line, problem.text);
    CHECK(document != NULL);
    return document;
}

static inline bool rest_document_fits(const char *pattern, const char *path)
{
    while (*pattern == '/' && *path == '/') {
        size_t wanted = strcspn(++pattern, "/"), length = strcspn(++path, "/");
        bool is_word = *pattern != '{';
        if (is_word && (wanted != length || memcmp(pattern, path, length) != 0))
            return false;
        if (!is_word && length == 0)
            return false;
        pattern += wanted;
        path += length;
    }
    return *pattern == '\0' && *path == '\0';
}

/* The operations of a path, or NULL. */
static inline json_t *rest_document_path(json_t *document, const char *path)
{
    const char *pattern;
    json_t *operations;
    json_object_foreach(json_object_get(document, "paths"), pattern, operations)
    {
        if (rest_document_fits(pattern, path))
            return operations;
    }
    return NULL;
}

/* The operation of a method at a path, or NULL. HEAD is that of GET. */
static inline json_t *rest_document_operation(json_t *operations, const char *method)
{
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    static const char *const members[] = {"get", "post", "delete"};
    method = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; operations != NULL && i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i], method) == 0)
            return json_object_get(operations, members[i]);
    return NULL;
}

/* What the document says of a status of an operation, references resolved; NULL: nothing. */
static inline json_t *rest_document_response(json_t *document, json_t *operation, int status)
{
    static const char prefix[] = "#/components/responses/";
    char name[16];
    snprintf(name, sizeof name, "%d", status);
    json_t *response = json_object_get(json_object_get(operation, "responses"), name);
    const char *reference = json_string_value(json_object_get(response, "$ref"));
    if (reference == NULL)
        return response;
    CHECK(strncmp(reference, prefix, sizeof prefix - 1) == 0);
    json_t *responses = json_object_get(json_object_get(document, "components"), "responses");
    return json_object_get(responses, reference + sizeof prefix - 1);
}

#endif
