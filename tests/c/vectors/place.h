/* The sandbox that vectors run against, the placeholders that lead to it, and what was shown meanwhile. */
#ifndef PLACE_H
#define PLACE_H

#include <evertoken.h>

#include "../support/sandbox.h"

typedef struct {
    sandbox box;
    char folder[64];
    const char *name;   /* of the vector that runs */
} place;

place place_open(void);
void place_close(place *p);

/* `text` with its placeholders replaced, to be freed. */
char *place_fill(const place *p, const char *text);
/* The configuration of `flow` with these options; `more`, if not NULL, on top. */
evertoken_config *place_config(const place *p, const char *flow, const json *options, const json *more);

/* Everything that was shown: texts are added, and at the end none of the secrets may be in them. */
typedef struct {
    char **texts;
    size_t count;
} shown;
void shown_add(shown *s, const char *text);
/* Every text of an error. */
void shown_add_error(shown *s, const evertoken_error *error);
/* The text that contains `secret`, or NULL. */
const char *shown_find(const shown *s, const char *secret);
void shown_clear(shown *s);

/* A copy of a text, to be freed. */
char *copy(const char *text);

#endif
