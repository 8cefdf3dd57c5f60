/* Servers that keep a client waiting. */
#ifndef PEERS_H
#define PEERS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

/* A socket that listens on a port of its own, whose queue takes `backlog` connections. */
static inline int peer_listen(int backlog, struct sockaddr_in *address) {
    socklen_t size = sizeof *address;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)address, sizeof *address) == 0 && listen(fd, backlog) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)address, &size) == 0);
    return fd;
}

static inline void peer_url(char *url, size_t size, const struct sockaddr_in *address) {
    snprintf(url, size, "http://127.0.0.1:%d", ntohs(address->sin_port));
}

/* A port on which no connection comes about: its queue is full, and nobody takes one out. */
typedef struct {
    int listener, waiting[4];
    char url[32];
} deaf_peer;

static inline void deaf_peer_open(deaf_peer *peer) {
    struct sockaddr_in address;
    peer->listener = peer_listen(0, &address);
    peer_url(peer->url, sizeof peer->url, &address);
    for (int i = 0; i < 4; i++) {
        peer->waiting[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(peer->waiting[i] >= 0 && fcntl(peer->waiting[i], F_SETFL, O_NONBLOCK) == 0);
        (void)connect(peer->waiting[i], (struct sockaddr *)&address, sizeof address);
    }
    /* Linux takes one more than it was told to. */
    struct pollfd first = {peer->waiting[0], POLLOUT, 0};
    CHECK(poll(&first, 1, -1) == 1);
}

static inline void deaf_peer_close(deaf_peer *peer) {
    for (int i = 0; i < 4; i++) close(peer->waiting[i]);
    close(peer->listener);
}

/* A server that begins the answer to each of `count` requests and never ends it. */
typedef struct {
    int listener, count, connections[8];
    char url[32];
    pthread_t thread;
} stalling_peer;

static inline void *stalling_peer_run(void *self) {
    stalling_peer *peer = (stalling_peer *)self;
    static const char begun[] = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun";
    char buffer[4096];
    for (int i = 0; i < peer->count; i++) {
        peer->connections[i] = accept(peer->listener, NULL, NULL);
        CHECK(peer->connections[i] >= 0);
        CHECK(recv(peer->connections[i], buffer, sizeof buffer, 0) > 0);
        CHECK(send(peer->connections[i], begun, sizeof begun - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof begun - 1));
    }
    return NULL;
}

static inline void stalling_peer_open(stalling_peer *peer, int count) {
    struct sockaddr_in address;
    CHECK(count <= 8);
    peer->listener = peer_listen(count, &address);
    peer->count = count;
    peer_url(peer->url, sizeof peer->url, &address);
    CHECK(pthread_create(&peer->thread, NULL, stalling_peer_run, peer) == 0);
}

static inline void stalling_peer_close(stalling_peer *peer) {
    CHECK(pthread_join(peer->thread, NULL) == 0);
    for (int i = 0; i < peer->count; i++) close(peer->connections[i]);
    close(peer->listener);
}

#endif
