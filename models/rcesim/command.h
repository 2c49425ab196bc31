/* command.h - the commands of the program: one function and one file each.
 *
 * A command gets its own arguments (argv[0] is "rcesim run" and so on), writes its result to
 * standard output and everything else to standard error, and returns the exit status:
 *   0 ok   1 internal   2 usage   3 scenario   4 input/output   5 no chart (data kept)
 *   10 a threshold failed   11 one is inconclusive   130 interrupted (a partial result)
 */
#ifndef MODELS_RCESIM_COMMAND_H
#define MODELS_RCESIM_COMMAND_H

#include <argp.h>

enum { COMMAND_THRESHOLD_FAILED = 10, COMMAND_INCONCLUSIVE = 11 };

/* argp with the settings that all commands share. */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

int command_run(int argc, char **argv);
int command_validate(int argc, char **argv);
int command_scenario(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_doctor(int argc, char **argv);

/* The version of the program. */
extern const char *const command_version;

#endif
