/* manifest_names.h - the words that stand for enums in report.json. Only for manifest_*.c. */
#ifndef REPORTS_MANIFEST_NAMES_H
#define REPORTS_MANIFEST_NAMES_H

static const char *const manifest_block_kinds[] = {"text",    "table", "checks", "chart",
                                                   "command", "story", "picture"};
static const char *const manifest_styles[] = {"plain", "note", "warning"};
static const char *const manifest_aligns[] = {"left", "right"};
static const char *const manifest_marks[] = {"pass", "fail", "unsure"};

enum { MANIFEST_BLOCK_KIND_COUNT = sizeof manifest_block_kinds / sizeof manifest_block_kinds[0] };
enum { MANIFEST_STYLE_COUNT = sizeof manifest_styles / sizeof manifest_styles[0] };
enum { MANIFEST_ALIGN_COUNT = sizeof manifest_aligns / sizeof manifest_aligns[0] };
enum { MANIFEST_MARK_COUNT = sizeof manifest_marks / sizeof manifest_marks[0] };

#endif
