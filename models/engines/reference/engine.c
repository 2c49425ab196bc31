/* The engine of this project as a process of its own: the reference for engines in C.
 *
 *     engine: {command: [build/release/models/engines/reference/engine]}
 */
#include "models/engines/serve.h"

#include <unistd.h>

int main(void)
{
    return serve_engine(&rce_engine, STDIN_FILENO, STDOUT_FILENO);
}
