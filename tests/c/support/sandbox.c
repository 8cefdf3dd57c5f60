#define _POSIX_C_SOURCE 200809L

#include "sandbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char *read_line(int fd) {
    size_t size = 0, capacity = 4096;
    char *line = malloc(capacity);
    CHECK(line != NULL);
    for (char c = 0; read(fd, &c, 1) == 1 && c != '\n';) {
        if (size + 1 == capacity) CHECK((line = realloc(line, capacity *= 2)) != NULL);
        line[size++] = c;
    }
    line[size] = '\0';
    return line;
}

sandbox sandbox_start(bool https) {
    const char *command = getenv("EVERTOKEN_COMMAND");
    CHECK(command != NULL);
    int in[2], out[2];
    CHECK(pipe(in) == 0 && pipe(out) == 0);
    sandbox box = {0};
    box.pid = fork();
    CHECK(box.pid >= 0);
    if (box.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        if (https) execl(command, command, "sandbox", "--until-stdin-closes", "--https", "--client-cert", (char *)NULL);
        else execl(command, command, "sandbox", "--until-stdin-closes", (char *)NULL);
        _exit(127);
    }
    close(in[0]), close(out[1]);
    box.lifeline = in[1];
    box.line = read_line(out[0]);
    close(out[0]);
    CHECK(box.line[0] == '{');
    box.info = json_parse(box.line);
    box.url = json_text(json_get(box.info, "url"), NULL);
    CHECK(box.url != NULL);
    return box;
}

void sandbox_stop(sandbox *box) {
    close(box->lifeline);
    int status = 0;
    CHECK(waitpid(box->pid, &status, 0) == box->pid);
    json_free(box->info);
    free(box->line);
}

static int connect_to(const sandbox *box) {
    const char *colon = strrchr(box->url, ':');
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

answer sandbox_try(const sandbox *box, const char *method, const char *path, const char *body) {
    int fd = connect_to(box);
    size_t length = body == NULL ? 0 : strlen(body), size = length + strlen(path) + 256;
    char *head = malloc(size);
    CHECK(head != NULL);
    int count = snprintf(head, size, "%s %s HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         method, path, length, body == NULL ? "" : body);
    for (char *at = head; count > 0;) {
        ssize_t sent = write(fd, at, (size_t)count);
        CHECK(sent > 0);
        at += sent, count -= (int)sent;
    }
    free(head);
    size_t used = 0, capacity = 65536;
    char *text = malloc(capacity);
    CHECK(text != NULL);
    for (ssize_t got; (got = read(fd, text + used, capacity - used - 1)) > 0;) {
        used += (size_t)got;
        if (used + 1 == capacity) CHECK((text = realloc(text, capacity *= 2)) != NULL);
    }
    close(fd);
    text[used] = '\0';
    char *start = strstr(text, "\r\n\r\n");
    CHECK(start != NULL);
    answer a = {0};
    a.status = atoi(text + strlen("HTTP/1.1 "));
    memmove(text, start + 4, strlen(start + 4) + 1);
    a.text = text;
    a.body = text[0] == '{' || text[0] == '[' ? json_parse(text) : NULL;
    return a;
}

answer sandbox_call(const sandbox *box, const char *method, const char *path, const char *body) {
    char whole[256];
    snprintf(whole, sizeof whole, "/_sandbox%s", path);
    answer a = sandbox_try(box, method, whole, body);
    if (a.status / 100 != 2) fprintf(stderr, "%s %s answers %d: %s\n", method, path, a.status, a.text);
    CHECK(a.status / 100 == 2);
    return a;
}

void answer_free(answer *a) {
    json_free(a->body);
    free(a->text);
}

void sandbox_do(const sandbox *box, const char *method, const char *path, const char *body) {
    answer a = sandbox_call(box, method, path, body);
    answer_free(&a);
}

int sandbox_count(const sandbox *box, const char *path) {
    answer a = sandbox_call(box, "GET", "/counts", NULL);
    int count = (int)json_number(json_at(a.body, path), -1);
    answer_free(&a);
    return count;
}

const char *sandbox_credential(const sandbox *box, const char *path) {
    const char *value = json_text(json_at(json_get(box->info, "credentials"), path), NULL);
    CHECK(value != NULL);
    return value;
}

evertoken_config *pismo_config(const sandbox *box, const char *name) {
    evertoken_config *config = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_config_pismo(box->url, sandbox_credential(box, "pismo.server_key"), sandbox_credential(box, "pismo.server_secret"), &config, &error));
    char url[256];
    snprintf(url, sizeof url, "%s/passport/v2/s2s/access-token?%s", box->url, name);
    CHECK_INT(evertoken_config_set_text(config, "token_url", url), EVERTOKEN_OK);
    return config;
}

evertoken_client *pismo_client(const sandbox *box, const char *name) {
    evertoken_config *config = pismo_config(box, name);
    evertoken_client *client = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_client_new(config, &client, &error));
    evertoken_config_free(config);
    return client;
}

void check_no_secret(const sandbox *box, const char *text) {
    static const char *const secrets[] = {
        "pismo.server_secret", "passkit.password", "passkit.api_secret", "wso2.consumer_secret", "wso2.password", "plain.client_secret", "plain.password",
    };
    for (size_t i = 0; text != NULL && i < sizeof secrets / sizeof *secrets; i++) {
        const char *secret = sandbox_credential(box, secrets[i]);
        CHECK(strstr(text, secret) == NULL);
    }
}
