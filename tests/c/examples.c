/* Runs the programs named on the command line, those of examples/, against a sandbox: each must end with 0 and have shown no secret. */
#define _POSIX_C_SOURCE 200809L

#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/sandbox.h"

static void run_example(const sandbox *box, const char *program) {
    char command[1024], output[65536];
    snprintf(command, sizeof command, "'%s' %s /pismo/api/accounts/123 2>&1", program, box->url);
    FILE *pipe = popen(command, "r");
    CHECK(pipe != NULL);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    int status = pclose(pipe);
    if (status != 0) fprintf(stderr, "%s: %s\n", program, output);
    CHECK_INT(status, 0);
    check_no_secret(box, output);
}

int main(int argc, char **argv) {
    sandbox box = sandbox_start(false);
    CHECK(setenv("PISMO_SERVER_KEY", sandbox_credential(&box, "pismo.server_key"), 1) == 0);
    CHECK(setenv("PISMO_SERVER_SECRET", sandbox_credential(&box, "pismo.server_secret"), 1) == 0);
    for (int i = 1; i < argc; i++) {
        sandbox_do(&box, "POST", "/reset", "{}");
        run_example(&box, argv[i]);
        CHECK_INT(sandbox_count(&box, "total.login"), 1);
        printf("ok %s\n", strrchr(argv[i], '/') + 1);
    }
    sandbox_stop(&box);
    return 0;
}
