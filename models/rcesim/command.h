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

#include "sim/experiment/threshold.h"

enum { COMMAND_THRESHOLD_FAILED = 10, COMMAND_INCONCLUSIVE = 11 };

/* The exit status that thresholds demand; 0 where they are met. */
int command_verdict_status(enum threshold_verdict verdict);

/* argp with the settings that all commands share. Arguments that are not UTF-8 end the program.
 * When it returns the command is under way. */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Is a command under way in this process? Then nothing of ours calls exit: a plugin has, and its
 * status, most of all 0, must not pass for ours. */
bool command_is_under_way(void);

/* Nothing is under way any more: the program ends. */
void command_ended(void);

int command_run(int argc, char **argv);
int command_validate(int argc, char **argv);
int command_scenario(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_diagnose(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_policies(int argc, char **argv);
int command_ablate(int argc, char **argv);
int command_calibrate(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_report(int argc, char **argv);
int command_check_engine(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_drive(int argc, char **argv);
int command_validate_live(int argc, char **argv);
int command_explore(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_doctor(int argc, char **argv);

/* The version of the program. */
extern const char *const command_version;

#endif
