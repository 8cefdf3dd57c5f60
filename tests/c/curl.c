/* evertoken_curl.h: a libcurl handle with the token, the verdict and one replay. */
#define _POSIX_C_SOURCE 200809L

#include <evertoken_curl.h>

#include "support/sandbox.h"
#include "support/waiter.h"

static sandbox box;

/* What the caller's functions saw. */
typedef struct {
    char body[65536];
    size_t length;
    int status_lines;
} seen;

static size_t on_body(char *data, size_t size, size_t count, void *userdata) {
    seen *s = userdata;
    CHECK(s->length + size * count < sizeof s->body);
    memcpy(s->body + s->length, data, size * count);
    s->length += size * count;
    s->body[s->length] = '\0';
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *userdata) {
    seen *s = userdata;
    /* An interim answer (100) is libcurl's to show; what counts is the final ones. */
    s->status_lines += size * count > 12 && memcmp(data, "HTTP/1.1 ", 9) == 0 && data[9] != '1';
    return size * count;
}

/* A body that comes from a function. */
typedef struct {
    const char *text;
    size_t at;
    int rewinds;
} upload;

static size_t on_read(char *buffer, size_t size, size_t count, void *userdata) {
    upload *u = userdata;
    size_t left = strlen(u->text) - u->at, more = left < size * count ? left : size * count;
    memcpy(buffer, u->text + u->at, more);
    u->at += more;
    return more;
}

static int on_rewind(void *userdata) {
    upload *u = userdata;
    u->at = 0;
    u->rewinds++;
    return 0;
}

static evertoken_curl transfer_to(seen *s, const char *url) {
    memset(s, 0, sizeof *s);
    evertoken_curl transfer = {0};
    transfer.url = url;
    transfer.write = on_body;
    transfer.write_data = s;
    transfer.header = on_header;
    transfer.header_data = s;
    return transfer;
}

static const char *api(void) {
    static char url[128];
    snprintf(url, sizeof url, "%s/pismo/api/x", box.url);
    return url;
}

static void a_transfer_carries_the_token_and_the_callers_headers(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "curl");
    CURL *curl = curl_easy_init();
    seen s;
    evertoken_curl transfer = transfer_to(&s, api());
    transfer.headers = curl_slist_append(NULL, "X-Test: mine");
    for (int i = 0; i < 2; i++) {
        s.length = 0;
        CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
        CHECK(error == NULL);
        CHECK_INT(transfer.status, 200);
        CHECK(strstr(s.body, "\"x-test\":\"mine\"") != NULL);
        CHECK(transfer.reason == NULL && !transfer.resent);
    }
    CHECK(transfer.headers->next == NULL);
    curl_slist_free_all(transfer.headers);
    evertoken_curl_cleanup(&transfer);
    curl_easy_cleanup(curl);
    evertoken_client_free(client);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
}

static void a_401_is_healed_and_the_caller_sees_one_answer(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "curl-healed");
    CURL *curl = curl_easy_init();
    seen s;
    evertoken_curl transfer = transfer_to(&s, api());
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    sandbox_do(&box, "POST", "/revoke", "{}");
    upload u = {.text = "the body, whole"};
    s.length = 0, s.status_lines = 0;
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &u);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE, (long)strlen(u.text));
    transfer.rewind = on_rewind;
    transfer.rewind_data = &u;
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    CHECK_INT(transfer.status, 200);
    CHECK(transfer.resent && transfer.reason == NULL);
    CHECK_INT(s.status_lines, 1);
    CHECK_INT(u.rewinds, 1);
    CHECK(strstr(s.body, "\"body_length\":15") != NULL && s.body[0] == '{' && strstr(s.body + 1, "{\"seq\"") == NULL);
    evertoken_curl_cleanup(&transfer);
    curl_easy_cleanup(curl);
    evertoken_client_free(client);
    CHECK_INT(sandbox_count(&box, "total.login"), 2);
}

static void a_401_that_cannot_be_healed_is_the_answer(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"count\":0,\"fault\":\"unauthorized\"}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "curl-refused");
    CURL *curl = curl_easy_init();
    seen s;
    evertoken_curl transfer = transfer_to(&s, api());
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    CHECK_INT(transfer.status, 401);
    CHECK(transfer.resent);
    CHECK_STR(transfer.reason, "refused_again");
    CHECK(s.length > 0 && s.status_lines == 1);
    evertoken_curl_cleanup(&transfer);
    transfer = transfer_to(&s, api());
    transfer.one_shot = true;
    evertoken_client_reset(client);
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    CHECK_INT(transfer.status, 401);
    CHECK(!transfer.resent && transfer.reason != NULL);
    evertoken_token *token = NULL; /* waits for the renewal that was started for it */
    evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, NULL);
    evertoken_token_free(token);
    evertoken_curl_cleanup(&transfer);
    curl_easy_cleanup(curl);
    evertoken_client_free(client);
}

static void nothing_is_sent_to_a_foreign_origin(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "curl-foreign");
    CURL *curl = curl_easy_init();
    seen s;
    char url[128];
    snprintf(url, sizeof url, "%s/pismo/api/x", json_text(json_get(box.info, "foreign_url"), ""));
    evertoken_curl transfer = transfer_to(&s, url);
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    CHECK_INT(evertoken_error_status(error), EVERTOKEN_ORIGIN_REFUSED);
    CHECK_INT(transfer.status, 0);
    evertoken_error_free(error);
    error = NULL;
    /* A redirect there is followed without the token, and its 401 is no reason to renew. */
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"fault\":\"redirect\"}");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    transfer.url = api();
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    CHECK_INT(transfer.status, 401);
    CHECK(error == NULL && !transfer.resent);
    answer journal = sandbox_call(&box, "GET", "/journal", NULL);
    for (const json *entry = json_get(journal.body, "entries")->first; entry != NULL; entry = entry->next) {
        bool foreign = strcmp(json_text(json_get(entry, "listener"), ""), "foreign") == 0;
        CHECK(!foreign || json_get(entry, "authorization") == NULL || json_get(entry, "authorization")->type == JSON_NULL);
    }
    answer_free(&journal);
    evertoken_curl_cleanup(&transfer);
    curl_easy_cleanup(curl);
    evertoken_client_free(client);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
}

enum { TRANSFERS = 20 };

/* Drives a multi handle until every transfer is over. */
static void drive(const evertoken_client *client, CURLM *multi, evertoken_curl *transfers, int left) {
    while (left > 0) {
        int running = 0, queued = 0;
        CHECK(curl_multi_perform(multi, &running) == CURLM_OK);
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &queued)) != NULL;) {
            evertoken_error *error = NULL;
            CURL *curl = message->easy_handle;
            CURLcode code = message->data.result;
            evertoken_curl *transfer = NULL;
            for (int i = 0; i < TRANSFERS && transfer == NULL; i++) transfer = transfers[i].own.curl == curl ? &transfers[i] : NULL;
            CHECK(transfer != NULL);
            CHECK(curl_multi_remove_handle(multi, curl) == CURLM_OK);
            if (evertoken_curl_end(client, transfer, code, &error)) CHECK(curl_multi_add_handle(multi, curl) == CURLM_OK);
            else left--;
            CHECK(error == NULL);
        }
        if (left > 0) CHECK(curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK);
    }
}

static void many_transfers_of_a_multi_handle_are_healed_by_one_renewal(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "curl-multi");
    evertoken_token *token = NULL;
    CURLM *multi = curl_multi_init();
    static seen s[TRANSFERS];
    static evertoken_curl transfers[TRANSFERS];
    CURL *handles[TRANSFERS];
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    sandbox_do(&box, "POST", "/revoke", "{}");
    for (int i = 0; i < TRANSFERS; i++) {
        handles[i] = curl_easy_init();
        transfers[i] = transfer_to(&s[i], api());
        CHECK(evertoken_curl_begin(client, handles[i], &transfers[i], &error));
        CHECK(curl_multi_add_handle(multi, handles[i]) == CURLM_OK);
    }
    drive(client, multi, transfers, TRANSFERS);
    for (int i = 0; i < TRANSFERS; i++) {
        CHECK_INT(transfers[i].code, CURLE_OK);
        CHECK_INT(transfers[i].status, 200);
        CHECK(transfers[i].resent && transfers[i].reason == NULL && s[i].length > 0 && s[i].status_lines == 1);
        evertoken_curl_cleanup(&transfers[i]);
        curl_easy_cleanup(handles[i]);
    }
    CHECK_INT(sandbox_count(&box, "total.login"), 2);
    CHECK_INT(sandbox_count(&box, "pismo.api"), 2 * TRANSFERS);
    curl_multi_cleanup(multi);
    evertoken_client_free(client);
}

static void a_transfer_that_was_begun_may_be_given_up(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "curl-given-up");
    CURL *curl = curl_easy_init();
    seen s;
    evertoken_curl transfer = transfer_to(&s, api());
    transfer.headers = curl_slist_append(NULL, "X-Test: mine");
    CHECK(evertoken_curl_begin(client, curl, &transfer, &error));
    CHECK(evertoken_curl_begin(client, curl, &transfer, &error)); /* anew */
    evertoken_curl_cleanup(&transfer);
    CHECK(transfer.headers->next == NULL);
    curl_slist_free_all(transfer.headers);
    transfer.headers = NULL;
    CHECK_INT(evertoken_curl_perform(client, curl, &transfer, &error), CURLE_OK);
    CHECK_INT(transfer.status, 200);
    evertoken_curl_cleanup(&transfer);
    curl_easy_cleanup(curl);
    evertoken_client_free(client);
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    box = sandbox_start(false);
    RUN(a_transfer_carries_the_token_and_the_callers_headers);
    RUN(a_401_is_healed_and_the_caller_sees_one_answer);
    RUN(a_401_that_cannot_be_healed_is_the_answer);
    RUN(nothing_is_sent_to_a_foreign_origin);
    RUN(many_transfers_of_a_multi_handle_are_healed_by_one_renewal);
    RUN(a_transfer_that_was_begun_may_be_given_up);
    sandbox_stop(&box);
    curl_global_cleanup();
    return 0;
}
