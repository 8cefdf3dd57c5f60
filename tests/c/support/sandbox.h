/* Starts, controls and stops a sandbox. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <evertoken.h>

#include "json.h"

typedef struct {
    int pid;
    int lifeline;      /* the sandbox ends when this closes */
    char *line;        /* its start line */
    json *info;        /* the same, parsed */
    const char *url;   /* base URL */
} sandbox;

/* Runs the command EVERTOKEN_COMMAND with `sandbox --until-stdin-closes`; if `https`, also with --https --client-cert. */
sandbox sandbox_start(bool https);
/* Stops it, and waits for its end. */
void sandbox_stop(sandbox *box);

/* Makes a control call below /_sandbox, such as ("POST", "/faults", "{…}"), which must succeed. Free the result with answer_free(). */
typedef struct {
    int status;
    char *text;
    json *body;
} answer;
answer sandbox_call(const sandbox *box, const char *method, const char *path, const char *body);
/* The same for any status. `path` is the whole path. */
answer sandbox_try(const sandbox *box, const char *method, const char *path, const char *body);
void answer_free(answer *a);
/* A control call whose result does not matter. */
void sandbox_do(const sandbox *box, const char *method, const char *path, const char *body);
/* One number of GET /_sandbox/counts, such as "total.login". */
int sandbox_count(const sandbox *box, const char *path);
/* A credential by dotted path, such as "pismo.server_key". */
const char *sandbox_credential(const sandbox *box, const char *path);

/* A Pismo client. `name`, which becomes the query of its token URL, makes its identity unique. */
evertoken_client *pismo_client(const sandbox *box, const char *name);
/* Its configuration. */
evertoken_config *pismo_config(const sandbox *box, const char *name);
/* Ends the program if `text` contains a secret of the sandbox's credentials. */
void check_no_secret(const sandbox *box, const char *text);

#endif
