#include "sim/experiment/threshold.h"

#include "sim/base/check.h"

const char *threshold_verdict_name(enum threshold_verdict verdict)
{
    switch (verdict) {
    case THRESHOLD_PASS: return "PASS";
    case THRESHOLD_FAIL: return "FAIL";
    case THRESHOLD_INCONCLUSIVE: return "INCONCLUSIVE";
    }
    CHECK_UNREACHABLE("a known verdict");
}

const char *threshold_subject_text(enum threshold_subject subject)
{
    switch (subject) {
    case THRESHOLD_LEFT: return "";
    case THRESHOLD_LEFT_MINUS_RIGHT: return "left minus right";
    case THRESHOLD_LEFT_MINUS_LOW: return "left minus lower limit";
    case THRESHOLD_LEFT_MINUS_HIGH: return "left minus upper limit";
    }
    CHECK_UNREACHABLE("a known subject");
}

enum threshold_verdict threshold_worse(enum threshold_verdict a, enum threshold_verdict b)
{
    if (a == THRESHOLD_FAIL || b == THRESHOLD_FAIL)
        return THRESHOLD_FAIL;
    if (a == THRESHOLD_INCONCLUSIVE || b == THRESHOLD_INCONCLUSIVE)
        return THRESHOLD_INCONCLUSIVE;
    return THRESHOLD_PASS;
}
