/* A small test harness: a test is a function; a failed check prints its place and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evertoken.h>

static inline void check_failed(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(1);
}

#define CHECK(condition) \
    do { \
        if (!(condition)) check_failed(__FILE__, __LINE__, #condition); \
    } while (0)

/* Two integers or enums must be equal. */
#define CHECK_INT(actual, expected) \
    do { \
        intmax_t check_a = (intmax_t)(actual), check_b = (intmax_t)(expected); \
        if (check_a != check_b) { \
            fprintf(stderr, "%s:%d: %s is %" PRIdMAX ", not %" PRIdMAX "\n", __FILE__, __LINE__, #actual, check_a, check_b); \
            exit(1); \
        } \
    } while (0)

/* Two strings must be equal. NULL equals nothing. */
#define CHECK_STR(actual, expected) \
    do { \
        const char *check_a = (actual), *check_b = (expected); \
        if (check_a == NULL || strcmp(check_a, check_b) != 0) { \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual, check_a ? check_a : "NULL", check_b); \
            exit(1); \
        } \
    } while (0)

/* A call must succeed; otherwise its error is printed. Uses a local `evertoken_error *error`. */
#define CHECK_OK(call) \
    do { \
        error = NULL; \
        if ((call) != EVERTOKEN_OK) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, evertoken_error_text(error)); \
            exit(1); \
        } \
        CHECK(error == NULL); \
    } while (0)

/* A call must fail with this status, and with an error of the same status, which is freed. */
#define CHECK_FAILS(call, expected) \
    do { \
        error = NULL; \
        CHECK_INT(call, expected); \
        CHECK(error != NULL); \
        CHECK_INT(evertoken_error_status(error), expected); \
        CHECK_STR(evertoken_error_code(error), evertoken_status_str(expected)); \
        CHECK(evertoken_error_message(error)[0] != '\0'); \
        evertoken_error_free(error); \
        error = NULL; \
    } while (0)

/* Runs a test. Prints a line `ok …` when it has passed, which run.sh counts. */
#define RUN(test) \
    do { \
        test(); \
        printf("ok %s\n", #test); \
        fflush(stdout); \
    } while (0)

#endif
