/* One request with a token that is always valid.
 *
 *     cc request.c $(pkg-config --cflags --libs evertoken) -o request
 *     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… ./request https://sandbox.pismolabs.io /accounts/123
 */
#include <evertoken.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_response *response = NULL;
    evertoken_error *error = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: %s BASE_URL PATH\n", argv[0]);
        return 2;
    }
    if (evertoken_config_pismo(argv[1], getenv("PISMO_SERVER_KEY"), getenv("PISMO_SERVER_SECRET"), &config, &error) == EVERTOKEN_OK
        && evertoken_client_new(config, &client, &error) == EVERTOKEN_OK
        && evertoken_client_request(client, "GET", argv[2], NULL, 0, 10000, &response, &error) == EVERTOKEN_OK) {
        printf("%d %s\n", evertoken_response_status(response), evertoken_response_body(response, NULL));
    } else {
        fprintf(stderr, "%s\n", evertoken_error_text(error));
    }
    int failed = evertoken_response_status(response) != 200;
    evertoken_error_free(error);
    evertoken_response_free(response);
    evertoken_client_free(client);
    evertoken_config_free(config);
    return failed;
}
