/* asset.h - files of this folder inside the program: texts, ended by 0. */
#ifndef MODELS_TESTBED_ASSET_H
#define MODELS_TESTBED_ASSET_H

extern const char asset_openapi[]; /* openapi.json */
extern const char asset_page[];    /* status.html */
extern const char asset_style[];   /* status.css */
extern const char asset_script[];  /* status.js */

#endif
