/* Calls whose results a callback receives, for event loops. Here the callback writes to a pipe that poll() watches.
 *
 *     cc callbacks.c $(pkg-config --cflags --libs evertoken) -o callbacks
 *     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… ./callbacks https://sandbox.pismolabs.io /accounts/123
 */
#define _POSIX_C_SOURCE 200809L

#include <evertoken.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CALLS = 10 };

/* Runs once, on a thread of the library, and owns its arguments: it passes the response to the loop through the pipe. */
static void on_response(void *userdata, evertoken_response *response, evertoken_error *error) {
    const int *pipe_end = userdata;
    if (error != NULL) fprintf(stderr, "%s\n", evertoken_error_text(error));
    evertoken_error_free(error);
    if (write(*pipe_end, &response, sizeof response) != (ssize_t)sizeof response) abort();
}

int main(int argc, char **argv) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_error *error = NULL;
    int ends[2], good = 0, started = 0;
    if (argc != 3 || pipe(ends) != 0) {
        fprintf(stderr, "usage: %s BASE_URL PATH\n", argv[0]);
        return 2;
    }
    if (evertoken_config_pismo(argv[1], getenv("PISMO_SERVER_KEY"), getenv("PISMO_SERVER_SECRET"), &config, &error) == EVERTOKEN_OK
        && evertoken_client_new(config, &client, &error) == EVERTOKEN_OK) {
        /* All at once, and still one login. No handle is asked for: nothing is to be cancelled. */
        while (started < CALLS
               && evertoken_client_request_start(client, "GET", argv[2], NULL, 0, 10000, on_response, &ends[1], NULL, &error) == EVERTOKEN_OK) {
            started++;
        }
    }
    for (int ended = 0; ended < started; ended++) {
        struct pollfd watched = {ends[0], POLLIN, 0};
        evertoken_response *response = NULL;
        while (poll(&watched, 1, -1) < 1) {}
        if (read(ends[0], &response, sizeof response) != (ssize_t)sizeof response) abort();
        good += evertoken_response_status(response) == 200;
        evertoken_response_free(response);
    }
    if (error != NULL) fprintf(stderr, "%s\n", evertoken_error_text(error));
    printf("%d of %d\n", good, CALLS);
    evertoken_error_free(error);
    evertoken_client_free(client);
    evertoken_config_free(config);
    close(ends[0]);
    close(ends[1]);
    return good != CALLS;
}
