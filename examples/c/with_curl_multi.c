/* Many transfers of one libcurl multi handle, with a token that is always valid.
 *
 *     cc with_curl_multi.c $(pkg-config --cflags --libs evertoken libcurl) -o with_curl_multi
 *     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… ./with_curl_multi https://sandbox.pismolabs.io /accounts/123
 */
#include <evertoken_curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRANSFERS = 5 };

/* As for CURLOPT_WRITEFUNCTION. */
static size_t show(char *data, size_t size, size_t count, void *file) {
    return fwrite(data, size, count, file);
}

/* Ends the transfers that are done, or sends them once more. Returns the number of those that have ended. */
static int reap(const evertoken_client *client, CURLM *multi) {
    int over = 0, queued = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &queued)) != NULL;) {
        CURL *curl = message->easy_handle;
        CURLcode code = message->data.result;
        evertoken_curl *transfer = NULL;
        curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(multi, curl);
        if (evertoken_curl_end(client, transfer, code, NULL)) {
            curl_multi_add_handle(multi, curl);
            continue;
        }
        over++;
        if (transfer->code != CURLE_OK) fprintf(stderr, "%s\n", curl_easy_strerror(transfer->code));
        if (transfer->reason != NULL) fprintf(stderr, "the 401 was not healed: %s\n", transfer->reason);
    }
    return over;
}

int main(int argc, char **argv) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_error *error = NULL;
    evertoken_curl transfers[TRANSFERS] = {{0}};
    CURL *handles[TRANSFERS] = {NULL};
    char url[512];
    int left = 0, good = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s BASE_URL PATH\n", argv[0]);
        return 2;
    }
    snprintf(url, sizeof url, "%s%s", argv[1], argv[2]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    if (evertoken_config_pismo(argv[1], getenv("PISMO_SERVER_KEY"), getenv("PISMO_SERVER_SECRET"), &config, &error) == EVERTOKEN_OK
        && evertoken_client_new(config, &client, &error) == EVERTOKEN_OK) {
        for (int i = 0; i < TRANSFERS && error == NULL; i++) {
            handles[i] = curl_easy_init();
            transfers[i].url = url;
            transfers[i].write = show;
            transfers[i].write_data = stdout;
            curl_easy_setopt(handles[i], CURLOPT_PRIVATE, &transfers[i]);
            if (!evertoken_curl_begin(client, handles[i], &transfers[i], &error)) break;
            curl_multi_add_handle(multi, handles[i]);
            left++;
        }
    }
    while (left > 0) {
        int running = 0;
        curl_multi_perform(multi, &running);
        left -= reap(client, multi);
        if (left > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    if (error != NULL) fprintf(stderr, "%s\n", evertoken_error_text(error));
    for (int i = 0; i < TRANSFERS; i++) {
        good += transfers[i].status == 200;
        evertoken_curl_cleanup(&transfers[i]);
        curl_easy_cleanup(handles[i]);
    }
    evertoken_error_free(error);
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    evertoken_client_free(client);
    evertoken_config_free(config);
    return good != TRANSFERS;
}
