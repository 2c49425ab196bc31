#include "models/testbed/asset.h"

/* C11 cannot include a file as bytes; the assembler can. Paths are those of the repository's root,
 * where the compiler runs. */
#define ASSET(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global " #name "\n"                                                                  \
            ".type " #name ", @object\n"                                                           \
            ".balign 16\n" #name ":\n"                                                             \
            ".incbin \"" path "\"\n"                                                               \
            ".byte 0\n"                                                                            \
            ".size " #name ", . - " #name "\n"                                                     \
            ".popsection\n")

ASSET(asset_openapi, "models/testbed/openapi.json");
ASSET(asset_page, "models/testbed/status.html");
ASSET(asset_style, "models/testbed/status.css");
ASSET(asset_script, "models/testbed/status.js");
