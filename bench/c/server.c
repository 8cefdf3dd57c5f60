/** The server's address and its control routes. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

server server_at(int port) {
  server made;
  made.port = port;
  snprintf(made.base_url, sizeof made.base_url, "http://127.0.0.1:%d", port);
  snprintf(made.resource, sizeof made.resource, "%s/accounts/123", made.base_url);
  snprintf(made.token_url, sizeof made.token_url, "%s/token", made.base_url);
  return made;
}

/** One exchange on a connection of its own; `answer` gets the body. */
static void exchange(const server *server, const char *method, const char *path, char *answer, size_t room) {
  struct sockaddr_in address = {0};
  char text[2048];
  size_t length = 0;
  char *body = NULL;
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)server->port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  require(connect(connection, (struct sockaddr *)&address, sizeof address) == 0, "the server does not listen");
  length = (size_t)snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", method, path);
  require(write(connection, text, length) == (ssize_t)length, "the server does not read");
  for (length = 0; body == NULL || strchr(body, '}') == NULL;) {
    ssize_t got = read(connection, text + length, sizeof text - 1 - length);
    require(got > 0, "the server does not answer");
    length += (size_t)got;
    text[length] = '\0';
    body = strstr(text, "\r\n\r\n");
  }
  close(connection);
  snprintf(answer, room, "%s", body + 4);
}

void server_control(const server *server, const char *command, char *answer, size_t room) {
  char path[128];
  snprintf(path, sizeof path, "/control/%s", command);
  exchange(server, "GET", path, answer, room);
}

void server_token(const server *server, char *token, size_t room) {
  static const char before[] = "\"access_token\":\"";
  char answer[1024];
  char *value, *end;
  exchange(server, "POST", "/token", answer, sizeof answer);
  value = strstr(answer, before);
  require(value != NULL, "the server gives no token");
  value += sizeof before - 1;
  end = strchr(value, '"');
  require(end != NULL, "the server gives no token");
  snprintf(token, room, "%.*s", (int)(end - value), value);
}

long json_number(const char *json, const char *name) {
  char quoted[64];
  const char *found;
  snprintf(quoted, sizeof quoted, "\"%s\":", name);
  found = strstr(json, quoted);
  return found == NULL ? -1 : strtol(found + strlen(quoted), NULL, 10);
}
