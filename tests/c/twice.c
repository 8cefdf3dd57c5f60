/* Handles that are freed twice: answered, not crashed on. Not for sanitizers, which rightly report the look at freed memory. */

#include "support/check.h"

static void a_handle_freed_twice_is_left_alone(void) {
    evertoken_error *error = NULL;
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_request *request = NULL;
    CHECK_OK(evertoken_config_pismo("http://127.0.0.1:1", "key", "secret", &config, &error));
    CHECK_OK(evertoken_client_new(config, &client, &error));
    CHECK_OK(evertoken_request_new("GET", "/x", &request, &error));
    CHECK_INT(evertoken_config_new(NULL, NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    evertoken_config_free(config);
    evertoken_config_free(config);
    evertoken_request_free(request);
    evertoken_request_free(request);
    evertoken_error_free(error);
    evertoken_error_free(error);
    evertoken_client_free(client);
    evertoken_client_free(client);
    evertoken_client_close(client);
    CHECK(evertoken_client_identity(client, NULL) == NULL);
}

int main(void) {
    RUN(a_handle_freed_twice_is_left_alone);
    return 0;
}
