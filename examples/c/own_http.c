/* For another HTTP client: adds the header, judges the response, and sends the request once more if that can heal a 401.
 *
 *     cc own_http.c $(pkg-config --cflags --libs evertoken) -o own_http
 *     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… ./own_http http://127.0.0.1:8099 /pismo/api/accounts/123
 *
 * For libcurl, evertoken_curl.h does all of this; see with_curl.c.
 */
#define _POSIX_C_SOURCE 200809L

#include <evertoken.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "Your HTTP client": GET over a plain socket. Fills `body` and returns the status, 0 if there was no response. */
static int my_get(const char *host, const char *port, const char *path, const char *authorization, char *body, size_t size) {
    struct addrinfo hints = {0}, *found = NULL;
    int fd = -1, status = 0;
    size_t used = 0;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) return 0;
    fd = socket(found->ai_family, found->ai_socktype, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0) {
        dprintf(fd, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: %s\r\n\r\n", path, host, authorization);
        for (ssize_t got; used + 1 < size && (got = read(fd, body + used, size - used - 1)) > 0;) used += (size_t)got;
    }
    body[used] = '\0';
    sscanf(body, "HTTP/1.1 %d", &status);
    if (fd >= 0) close(fd);
    freeaddrinfo(found);
    return status;
}

int main(int argc, char **argv) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_authorization *authorization = NULL;
    evertoken_verdict *verdict = NULL;
    evertoken_error *error = NULL;
    static char body[65536];
    char host[256], port[8], url[512];
    int status = 0;
    if (argc != 3 || sscanf(argv[1], "http://%255[^:]:%7[0-9]", host, port) != 2) {
        fprintf(stderr, "usage: %s http://HOST:PORT PATH\n", argv[0]);
        return 2;
    }
    snprintf(url, sizeof url, "%s%s", argv[1], argv[2]);
    if (evertoken_config_pismo(argv[1], getenv("PISMO_SERVER_KEY"), getenv("PISMO_SERVER_SECRET"), &config, &error) == EVERTOKEN_OK
        && evertoken_client_new(config, &client, &error) == EVERTOKEN_OK
        && evertoken_client_authorize(client, url, &authorization, &error) == EVERTOKEN_OK) {
        status = my_get(host, port, argv[2], evertoken_authorization_value(authorization, NULL), body, sizeof body);
        if (evertoken_client_judge(client, authorization, status, NULL, 0, NULL, 0, 1, EVERTOKEN_DEFAULT_TIMEOUT, &verdict, &error) == EVERTOKEN_OK
            && evertoken_verdict_action(verdict) == EVERTOKEN_ACTION_RESEND) {
            const evertoken_authorization *again = evertoken_verdict_authorization(verdict);
            status = my_get(host, port, argv[2], evertoken_authorization_value(again, NULL), body, sizeof body);
        }
    }
    if (error != NULL) fprintf(stderr, "%s\n", evertoken_error_text(error));
    else printf("%d with token %s\n", status, evertoken_authorization_fingerprint(authorization, NULL));
    evertoken_error_free(error);
    evertoken_verdict_free(verdict);
    evertoken_authorization_free(authorization);
    evertoken_client_free(client);
    evertoken_config_free(config);
    return status != 200;
}
