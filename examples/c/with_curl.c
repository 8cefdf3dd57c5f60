/* libcurl with a token that is always valid.
 *
 *     cc with_curl.c $(pkg-config --cflags --libs evertoken libcurl) -o with_curl
 *     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… ./with_curl https://sandbox.pismolabs.io /accounts/123
 */
#include <evertoken_curl.h>
#include <stdio.h>
#include <stdlib.h>

/* As for CURLOPT_WRITEFUNCTION. */
static size_t show(char *data, size_t size, size_t count, void *file) {
    return fwrite(data, size, count, file);
}

int main(int argc, char **argv) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_error *error = NULL;
    evertoken_curl transfer = {0};
    char url[512];
    if (argc != 3) {
        fprintf(stderr, "usage: %s BASE_URL PATH\n", argv[0]);
        return 2;
    }
    snprintf(url, sizeof url, "%s%s", argv[1], argv[2]);
    transfer.url = url;
    transfer.write = show;
    transfer.write_data = stdout;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    if (evertoken_config_pismo(argv[1], getenv("PISMO_SERVER_KEY"), getenv("PISMO_SERVER_SECRET"), &config, &error) == EVERTOKEN_OK
        && evertoken_client_new(config, &client, &error) == EVERTOKEN_OK) {
        CURLcode code = evertoken_curl_perform(client, curl, &transfer, &error);
        if (code != CURLE_OK) fprintf(stderr, "%s\n", curl_easy_strerror(code));
        if (transfer.reason != NULL) fprintf(stderr, "the 401 was not healed: %s\n", transfer.reason);
    }
    if (error != NULL) fprintf(stderr, "%s\n", evertoken_error_text(error));
    int failed = transfer.status != 200;
    evertoken_error_free(error);
    evertoken_curl_cleanup(&transfer);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    evertoken_client_free(client);
    evertoken_config_free(config);
    return failed;
}
