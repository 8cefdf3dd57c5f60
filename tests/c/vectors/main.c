/* Runs every vector of a folder, or those named after it: `vectors [--together] FOLDER [NAME …]`. See the folder's README.
   Each runs in a process of its own, or with --together all in this one, for tools that look at a process's end. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../support/check.h"
#include "outcome.h"

enum { CLIENTS = 8, EVENTS = 4096 };

/* The events of client `a`, as vectors write them. */
typedef struct {
    char *names[EVENTS];
    size_t count;
    shown texts;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} heard;

typedef struct {
    place *p;
    const json *vector;
    char *client_names[CLIENTS];
    evertoken_client *clients[CLIENTS];
    evertoken_subscription *subscription;
    heard events;
    calls *running;
    char **saved;        /* by the number of the step that saved it */
    shown texts;
    shown secrets;       /* what must not be in them */
} run;

static void on_event(void *userdata, const evertoken_event *event) {
    heard *h = userdata;
    const evertoken_error *error = evertoken_event_error(event);
    const char *name = evertoken_event_name(event), *detail = NULL;
    if (strcmp(name, "token_installed") == 0) detail = evertoken_event_via(event);
    if (strcmp(name, "given_back") == 0) detail = evertoken_event_reason(event);
    if (error != NULL) detail = evertoken_error_code(error);
    char text[128];
    snprintf(text, sizeof text, "%s%s%s", name, detail == NULL ? "" : ":", detail == NULL ? "" : detail);
    pthread_mutex_lock(&h->lock);
    CHECK(h->count < EVENTS);
    h->names[h->count++] = copy(text);
    shown_add(&h->texts, evertoken_event_identity(event, NULL));
    shown_add(&h->texts, evertoken_event_fingerprint(event, NULL));
    shown_add_error(&h->texts, error);
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static evertoken_client *client_named(run *r, const char *name) {
    size_t i = 0;
    for (; i < CLIENTS && r->client_names[i] != NULL; i++) {
        if (strcmp(r->client_names[i], name) == 0) return r->clients[i];
    }
    CHECK(i < CLIENTS);
    evertoken_error *error = NULL;
    const json *more = strcmp(name, "a") == 0 ? NULL : json_get(json_get(r->vector, "clients"), name);
    evertoken_config *config = place_config(r->p, json_text(json_get(r->vector, "flow"), ""), json_get(r->vector, "options"), more);
    CHECK_OK(evertoken_client_new(config, &r->clients[i], &error));
    evertoken_config_free(config);
    if (strcmp(name, "a") == 0) CHECK_OK(evertoken_client_subscribe(r->clients[i], on_event, &r->events, &r->subscription, &error));
    r->client_names[i] = copy(name);
    shown_add(&r->texts, evertoken_client_identity(r->clients[i], NULL));
    return r->clients[i];
}

static void check_build_error(run *r, const json *expect) {
    evertoken_client *client = NULL;
    evertoken_error *error = NULL;
    evertoken_config *config = place_config(r->p, json_text(json_get(r->vector, "flow"), ""), json_get(r->vector, "options"), NULL);
    if (evertoken_client_new(config, &client, &error) == EVERTOKEN_OK) fail("the client was made");
    shown_add_error(&r->texts, error);
    error_check(expect, error);
    evertoken_error_free(error);
    evertoken_config_free(config);
}

static void finish_calls(run *r, calls *c, const json *expect, size_t number) {
    calls_wait(c);
    const char *save = json_text(json_get(c->step, "save"), NULL);
    for (size_t i = 0; i < c->count; i++) {
        const outcome *o = &c->outcomes[i];
        shown_add_error(&r->texts, o->error);
        shown_add_error(&r->texts, evertoken_response_error(o->response));
        if (o->token != NULL) shown_add(&r->secrets, outcome_value(o));
        if (save != NULL && o->error == NULL) {
            free(r->saved[number]);
            r->saved[number] = copy(outcome_value(o));
        }
    }
    calls_check(c, expect, json_get(r->vector, "steps"), r->saved);
}

static calls **running(run *r, const json *step) {
    const char *id = json_text(json_get(step, "id"), "");
    calls **c = &r->running;
    while (*c != NULL && strcmp(json_text(json_get((*c)->step, "id"), ""), id) != 0) c = &(*c)->next;
    if (*c == NULL) fail("nothing runs under %s", id);
    return c;
}

static void judge_step(run *r, evertoken_client *client, const json *step) {
    static const char *const steps[] = {"done", "resend", "give_back"};
    evertoken_error *error = NULL;
    evertoken_authorization *authorization = NULL;
    evertoken_verdict *verdict = NULL;
    evertoken_header headers[16];
    size_t count = 0;
    const json *list = json_get(step, "headers"), *replayable = json_get(step, "replayable");
    for (const json *header = list == NULL ? NULL : list->first; header != NULL && count < 16; header = header->next) {
        headers[count++] = (evertoken_header){header->name, json_text(header, "")};
    }
    char *url = place_fill(r->p, json_text(json_get(step, "url"), ""));
    const char *body = json_text(json_get(step, "body"), "");
    CHECK_OK(evertoken_client_authorize(client, url, &authorization, &error));
    CHECK_OK(evertoken_client_judge(client, authorization, (int)json_number(json_get(step, "status"), 0), headers, count, body, strlen(body),
                                    replayable == NULL || json_true(replayable), EVERTOKEN_DEFAULT_TIMEOUT, &verdict, &error));
    shown_add_error(&r->texts, evertoken_verdict_error(verdict));
    CHECK((evertoken_verdict_action(verdict) == EVERTOKEN_ACTION_RESEND) == (evertoken_verdict_authorization(verdict) != NULL));
    text_check("verdict", json_at(step, "expect.verdict"), steps[evertoken_verdict_action(verdict)]);
    text_check("reason", json_at(step, "expect.reason"), evertoken_verdict_reason(verdict));
    evertoken_verdict_free(verdict);
    evertoken_authorization_free(authorization);
    free(url);
}

static void control_step(run *r, const json *step) {
    const char *const methods[][2] = {{"post", "POST"}, {"get", "GET"}, {"delete", "DELETE"}};
    for (size_t i = 0; i < 3; i++) {
        const char *path = json_text(json_get(step, methods[i][0]), NULL);
        if (path == NULL) continue;
        char *body = json_get(step, "body") == NULL ? copy("{}") : json_copy(json_get(step, "body"));
        answer a = sandbox_try(&r->p->box, methods[i][1], path, body);
        if (a.status / 100 != 2) fail("%s answers %d: %s", path, a.status, a.text);
        const json *wanted = json_at(step, "expect.answer");
        for (const json *entry = wanted == NULL ? NULL : wanted->first; entry != NULL; entry = entry->next) {
            if (!json_equal(entry, json_get(a.body, entry->name))) fail("%s: %s: %s", path, entry->name, a.text);
        }
        answer_free(&a);
        free(body);
    }
}

/* The first counter that differs, or NULL. */
static const char *stats_differ(const evertoken_client *client, const json *expect) {
    evertoken_error *error = NULL;
    evertoken_stats stats;
    CHECK_OK(evertoken_client_stats(client, &stats, sizeof stats, &error));
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {
        {"tokens_served", stats.tokens_served}, {"flights", stats.flights}, {"failures", stats.failures}, {"logins", stats.logins},
        {"refreshes", stats.refreshes}, {"refused", stats.refused}, {"resends", stats.resends}, {"given_back", stats.given_back}, {"waiting", stats.waiting},
    };
    size_t known = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const json *wanted = json_get(expect, all[i].name);
        known += wanted != NULL;
        if (wanted != NULL && (uint64_t)json_number(wanted, -1) != all[i].value) return all[i].name;
    }
    if (known != json_size(expect)) fail("an unknown counter is expected");
    return NULL;
}

static void until_step(const evertoken_client *client, const json *expect) {
    const struct timespec pause = {0, 2000000};
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (const char *differs; (differs = stats_differ(client, expect)) != NULL; nanosleep(&pause, NULL)) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - start.tv_sec > 10) fail("until: %s is not as expected after 10 s", differs);
    }
}

static void state_check(run *r, const evertoken_client *client, const json *expect) {
    evertoken_error *error = NULL;
    evertoken_state *state = NULL;
    CHECK_OK(evertoken_client_state(client, &state, &error));
    const evertoken_error *last = evertoken_state_last_error(state);
    shown_add_error(&r->texts, last);
    shown_add(&r->texts, evertoken_state_fingerprint(state, NULL));
    text_check("standing", json_get(expect, "standing"), evertoken_state_standing(state));
    span_check("expires_in", json_get(expect, "expires_in"), evertoken_state_expires_in_ms(state));
    text_check("via", json_get(expect, "via"), evertoken_state_via(state));
    text_check("last_error", json_get(expect, "last_error"), last == NULL ? NULL : evertoken_error_code(last));
    span_check("next_try_in", json_get(expect, "next_try_in"), evertoken_state_next_try_in_ms(state));
    evertoken_state_free(state);
}

static void close_step(run *r, const evertoken_client *client, const json *step) {
    evertoken_error *error = NULL;
    if (!json_true(json_get(step, "revoke"))) {
        evertoken_client_close(client);
        return;
    }
    evertoken_client_revoke_and_close(client, &error);
    const json *expected = json_at(step, "expect.error");
    if (expected == NULL && error != NULL) fail("close: %s", evertoken_error_text(error));
    if (expected != NULL) error_check(expected, error);
    shown_add_error(&r->texts, error);
    evertoken_error_free(error);
}

static void do_step(run *r, const json *step, size_t number) {
    const char *what = json_text(json_get(step, "do"), "");
    const json *expect = json_get(step, "expect");
    evertoken_client *client = client_named(r, json_text(json_get(step, "client"), "a"));
    if (strcmp(what, "token") == 0 || strcmp(what, "authorization") == 0 || strcmp(what, "request") == 0) {
        calls *c = calls_start(r->p, client, step);
        if (json_get(step, "id") != NULL) {
            c->next = r->running;
            r->running = c;
        } else {
            finish_calls(r, c, expect, number);
            calls_free(c);
        }
    } else if (strcmp(what, "join") == 0 || strcmp(what, "cancel") == 0) {
        calls **place = running(r, step), *c = *place;
        if (strcmp(what, "cancel") == 0) {
            calls_cancel(c);
            calls_wait(c);
        } else {
            finish_calls(r, c, expect, number);
        }
        *place = c->next;
        calls_free(c);
    } else if (strcmp(what, "judge") == 0) {
        judge_step(r, client, step);
    } else if (strcmp(what, "control") == 0) {
        control_step(r, step);
    } else if (strcmp(what, "until") == 0) {
        until_step(client, json_get(step, "stats"));
    } else if (strcmp(what, "state") == 0) {
        state_check(r, client, expect);
    } else if (strcmp(what, "stats") == 0) {
        const char *differs = stats_differ(client, expect);
        if (differs != NULL) fail("stats: %s is not as expected", differs);
    } else if (strcmp(what, "invalidate") == 0) {
        evertoken_client_invalidate(client);
    } else if (strcmp(what, "reset") == 0) {
        evertoken_client_reset(client);
    } else if (strcmp(what, "close") == 0) {
        close_step(r, client, step);
    } else {
        fail("unknown step %s", what);
    }
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_events(run *r, const json *expect, bool in_order) {
    if (expect == NULL) return;
    heard *h = &r->events;
    size_t count = json_size(expect), i = 0;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 10;
    pthread_mutex_lock(&h->lock);
    while (h->count < count && pthread_cond_timedwait(&h->changed, &h->lock, &deadline) == 0) {}
    char **wanted = calloc(count + 1, sizeof *wanted);
    CHECK(wanted != NULL);
    for (const json *entry = expect->first; entry != NULL; entry = entry->next) wanted[i++] = entry->string;
    if (!in_order) {
        qsort(wanted, count, sizeof *wanted, by_text);
        qsort(h->names, h->count, sizeof *h->names, by_text);
    }
    bool same = h->count == count;
    for (i = 0; same && i < count; i++) same = strcmp(wanted[i], h->names[i]) == 0;
    if (!same) {
        fprintf(stderr, "events: expected %.*s, got", (int)expect->length, expect->start);
        for (i = 0; i < h->count; i++) fprintf(stderr, " %s", h->names[i]);
        fail(".");
    }
    pthread_mutex_unlock(&h->lock);
    free(wanted);
}

static void check_counts(run *r, const json *expect) {
    answer a = sandbox_call(&r->p->box, "GET", "/counts", NULL);
    const json *wanted = json_get(expect, "calls"), *counts = json_get(expect, "counts");
    if (wanted != NULL && !json_equal(wanted, json_get(a.body, "paths"))) {
        const json *paths = json_get(a.body, "paths");
        fail("calls: expected %.*s, got %.*s", (int)wanted->length, wanted->start, (int)paths->length, paths->start);
    }
    for (const json *entry = counts == NULL ? NULL : counts->first; entry != NULL; entry = entry->next) {
        if (!json_equal(entry, json_at(a.body, entry->name))) fail("counts: %s: %s", entry->name, a.text);
    }
    static const char *const zero[] = {"script_exhausted", "expect_failed", "foreign"};
    for (size_t i = 0; i < 3; i++) {
        if (json_get(counts, zero[i]) == NULL && json_number(json_get(a.body, zero[i]), -1) > 0) fail("%s: %s", zero[i], a.text);
    }
    answer_free(&a);
}

static void check_end(run *r) {
    const json *expect = json_get(r->vector, "expect");
    if (r->running != NULL) fail("a call was neither joined nor cancelled");
    check_events(r, json_get(expect, "events"), true);
    check_events(r, json_get(expect, "events_any_order"), false);
    check_counts(r, expect);
    if (json_get(expect, "state") != NULL) state_check(r, client_named(r, "a"), json_get(expect, "state"));
    const char *differs = json_get(expect, "stats") == NULL ? NULL : stats_differ(client_named(r, "a"), json_get(expect, "stats"));
    if (differs != NULL) fail("stats: %s is not as expected", differs);
}

static void check_secrets(run *r) {
    const json *secrets = json_get(r->vector, "secrets");
    for (const json *entry = secrets == NULL ? NULL : secrets->first; entry != NULL; entry = entry->next) {
        char *secret = place_fill(r->p, json_text(entry, ""));
        shown_add(&r->secrets, secret);
        free(secret);
    }
    for (size_t i = 0; i < r->secrets.count; i++) {
        const char *secret = r->secrets.texts[i], *leak = shown_find(&r->texts, secret);
        if (leak == NULL) leak = shown_find(&r->events.texts, secret);
        if (leak != NULL) fail("a secret is shown: %s", leak);
    }
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
    return text;
}

static void run_vector(place *p, const char *path) {
    char *text = read_file(path);
    json *vector = json_parse(text);
    run *r = calloc(1, sizeof *r);
    CHECK(r != NULL);
    r->p = p;
    r->vector = vector;
    p->name = json_text(json_get(vector, "name"), "");
    CHECK(pthread_mutex_init(&r->events.lock, NULL) == 0 && pthread_cond_init(&r->events.changed, NULL) == 0);
    sandbox_do(&p->box, "POST", "/reset", "{}");
    static const char *const prepared[] = {"settings", "script", "faults"};
    for (size_t i = 0; i < 3; i++) {
        if (json_get(vector, prepared[i]) == NULL) continue;
        char route[32], *body = json_copy(json_get(vector, prepared[i]));
        snprintf(route, sizeof route, "/%s", prepared[i]);
        sandbox_do(&p->box, "POST", route, body);
        free(body);
    }
    const json *steps = json_get(vector, "steps");
    r->saved = calloc(json_size(steps) + 1, sizeof *r->saved);
    CHECK(r->saved != NULL);
    if (json_get(vector, "build_error") != NULL) {
        check_build_error(r, json_get(vector, "build_error"));
    } else {
        client_named(r, "a");
        size_t number = 0;
        for (const json *step = steps->first; step != NULL; step = step->next) do_step(r, step, number++);
        check_end(r);
    }
    evertoken_subscription_free(r->subscription);
    check_secrets(r);
    for (size_t i = 0; i < CLIENTS; i++) {
        evertoken_client_close(r->clients[i]);
        evertoken_client_free(r->clients[i]);
        free(r->client_names[i]);
    }
    for (size_t i = 0; i < json_size(steps); i++) free(r->saved[i]);
    for (size_t i = 0; i < r->events.count; i++) free(r->events.names[i]);
    shown_clear(&r->events.texts);
    shown_clear(&r->texts);
    shown_clear(&r->secrets);
    pthread_mutex_destroy(&r->events.lock);
    pthread_cond_destroy(&r->events.changed);
    free(r->saved);
    free(r);
    json_free(vector);
    free(text);
}

/* In a process of its own: a vector that fails or crashes takes no other with it. */
static bool passes_apart(place *p, const char *path) {
    fflush(stdout);
    int status = 0;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        run_vector(p, path);
        exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool passes_here(place *p, const char *path) {
    run_vector(p, path);
    return true;
}

/* Whether the arguments name it, or name nothing. */
static bool is_wanted(const char *name, char **named) {
    if (*named == NULL) return true;
    while (*named != NULL && strcmp(*named, name) != 0) named++;
    return *named != NULL;
}

/* Static, so that a child that exits leaves nothing behind that nobody points to. */
static place the_place;
static char *skip_text;
static json *skips;
static struct dirent **entries;

int main(int argc, char **argv) {
    bool together = argc >= 2 && strcmp(argv[1], "--together") == 0;
    char **arguments = argv + (together ? 2 : 1), path[512];
    CHECK(arguments[0] != NULL);
    the_place = place_open();
    snprintf(path, sizeof path, "%s/skip.json", arguments[0]);
    skip_text = read_file(path);
    skips = json_parse(skip_text);
    int count = scandir(arguments[0], &entries, NULL, alphasort), ran = 0, failed = 0;
    for (int i = 0; i < count; i++) {
        const char *file = entries[i]->d_name, *dot = strrchr(file, '.');
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(dot == NULL ? 0 : dot - file), file);
        snprintf(path, sizeof path, "%s/%s", arguments[0], file);
        if (dot == NULL || strcmp(dot, ".json") != 0 || strcmp(name, "skip") == 0) continue;
        if (!is_wanted(name, arguments + 1) || json_get(json_get(skips, "c"), name) != NULL) continue;
        bool passed = together ? passes_here(&the_place, path) : passes_apart(&the_place, path);
        printf("%s %s\n", passed ? "ok" : "FAILED", name);
        ran++, failed += !passed;
    }
    for (int i = 0; i < count; i++) free(entries[i]);
    free(entries);
    json_free(skips);
    free(skip_text);
    place_close(&the_place);
    CHECK(ran > 0);
    return failed > 0;
}
