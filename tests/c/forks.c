/* After fork the child works, whatever the parent's threads were doing; no child hangs. */
#define _POSIX_C_SOURCE 200809L

#include <sys/wait.h>
#include <unistd.h>

#include "support/sandbox.h"
#include "support/waiter.h"

enum { FORKS = 100, THREADS = 4 };

static sandbox box;

static void use(evertoken_client *client) {
    evertoken_error *error = NULL;
    evertoken_token *token = NULL;
    evertoken_response *response = NULL;
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    CHECK_OK(evertoken_client_request(client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, &response, &error));
    CHECK_INT(evertoken_response_status(response), 200);
    evertoken_response_free(response);
    CHECK_OK(evertoken_client_request_start(client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, count_response, &w, NULL, &error));
    waiter_wait(&w, 1);
    CHECK_INT(w.successes, 1);
    waiter_destroy(&w);
}

/* A child that hangs is ended by the alarm, and then did not exit with 0. */
static void check_child(pid_t pid) {
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

static pid_t fork_and_use(evertoken_client *client, int generations) {
    fflush(stdout);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(60);
        use(client);
        if (generations > 1) check_child(fork_and_use(client, generations - 1));
        use(client);
        _exit(0);
    }
    return pid;
}

static void child_and_grandchild_use_what_the_parent_made(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_client *client = pismo_client(&box, "fork");
    use(client);
    check_child(fork_and_use(client, 2));
    use(client);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
    evertoken_client_free(client);
}

static void a_child_of_a_parent_that_never_used_it_works(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_client *client = pismo_client(&box, "fork-unused");
    check_child(fork_and_use(client, 1));
    evertoken_client_free(client);
}

static void a_login_under_way_at_fork_is_made_anew_in_the_child(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"gate\"}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "fork-login");
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    check_child(fork_and_use(client, 1));
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, 1);
    CHECK_INT(w.successes, 1);
    CHECK_INT(sandbox_count(&box, "total.login"), 2);
    waiter_destroy(&w);
    evertoken_client_free(client);
}

typedef struct {
    evertoken_client *client;
    pthread_mutex_t lock;
    bool over;
} load;

static void *keep_busy(void *argument) {
    load *l = argument;
    for (bool over = false; !over;) {
        evertoken_error *error = NULL;
        evertoken_response *response = NULL;
        CHECK_OK(evertoken_client_request(l->client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, &response, &error));
        evertoken_response_free(response);
        evertoken_client_invalidate(l->client);
        pthread_mutex_lock(&l->lock);
        over = l->over;
        pthread_mutex_unlock(&l->lock);
    }
    return NULL;
}

static void a_hundred_forks_under_load_leave_no_child_behind(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    load l = {.client = pismo_client(&box, "fork-load"), .over = false};
    pthread_t threads[THREADS];
    pid_t children[FORKS];
    CHECK(pthread_mutex_init(&l.lock, NULL) == 0);
    use(l.client);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, keep_busy, &l) == 0);
    for (int i = 0; i < FORKS; i++) {
        children[i] = fork_and_use(l.client, 1);
        if (i >= 4) check_child(children[i - 4]);
    }
    for (int i = FORKS - 4; i < FORKS; i++) check_child(children[i]);
    pthread_mutex_lock(&l.lock);
    l.over = true;
    pthread_mutex_unlock(&l.lock);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    pthread_mutex_destroy(&l.lock);
    evertoken_client_free(l.client);
}

int main(void) {
    box = sandbox_start(false);
    RUN(a_child_of_a_parent_that_never_used_it_works);
    RUN(child_and_grandchild_use_what_the_parent_made);
    RUN(a_login_under_way_at_fork_is_made_anew_in_the_child);
    RUN(a_hundred_forks_under_load_leave_no_child_behind);
    sandbox_stop(&box);
    return 0;
}
