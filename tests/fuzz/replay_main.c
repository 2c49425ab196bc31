/* replay_main.c - run a fuzz target over files, where there is no libFuzzer (gcc) or no time.
 *
 * Usage: TARGET FILE... ; a crash or a failed CHECK is the finding, silence is success.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

enum { SIZE_MAX_BYTES = 4 << 20 };

int main(int argc, char **argv)
{
    uint8_t *bytes = malloc(SIZE_MAX_BYTES);
    if (bytes == NULL)
        return 1;
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return 1;
        }
        size_t size = fread(bytes, 1, SIZE_MAX_BYTES, file);
        fclose(file);
        /* A block of exactly this size, so that AddressSanitizer sees a read behind its end. */
        uint8_t *exact = malloc(size > 0 ? size : 1);
        if (exact == NULL)
            return 1;
        for (size_t j = 0; j < size; j++)
            exact[j] = bytes[j];
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    free(bytes);
    printf("%d inputs, no finding\n", argc - 1);
    return 0;
}
