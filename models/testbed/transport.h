/* transport.h - what every transfer of the testbed over libcurl has in common, also with old
 * versions of the library. */
#ifndef MODELS_TESTBED_TRANSPORT_H
#define MODELS_TESTBED_TRANSPORT_H

#include <curl/curl.h>

/* Only http and https, in version 1.1; no redirect is followed, no signal is used, and the end of a
 * transfer does not wait for a name server (libcurl 7.87 and later). */
void transport_set_up(CURL *easy);

#endif
