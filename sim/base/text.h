/* text.h - small things with text that several floors need. */
#ifndef SIM_BASE_TEXT_H
#define SIM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Return the candidate closest to `word` (edit distance with transposition, at most a third of its
 * length, at least 1), or NULL. `candidates` holds `count` strings; NULL entries are passed over.
 */
const char *text_closest(const char *word, const char *const *candidates, size_t count);

/* Is the text well-formed UTF-8 without NUL? On failure `*at` (may be NULL) is the offset of the
 * first bad byte. */
bool text_is_utf8(const char *text, size_t size_bytes, size_t *at);

/* FNV-1a over bytes, 64 bits: for naming documents (scenario hash), not for security. */
uint64_t text_hash(const void *bytes, size_t size_bytes);

#endif
