/* Reads JSON into a tree whose nodes know where they stand in the text, so that any part can be sent on as it is. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_type;

typedef struct json {
    json_type type;
    char *name;          /* in an object: its key */
    char *string;        /* JSON_STRING: decoded */
    double number;       /* JSON_NUMBER */
    struct json *first;  /* JSON_ARRAY, JSON_OBJECT: the first entry */
    struct json *next;   /* the entry after this one */
    const char *start;   /* its text */
    size_t length;
} json;

/* Parses a whole document, which must outlive the tree. Ends the program on a syntax error. Free with json_free. */
json *json_parse(const char *text);
void json_free(json *value);

/* The entry under `name`; NULL if there is none or `object` is NULL or no object. */
const json *json_get(const json *object, const char *name);
/* The entry under a path of names separated by dots. */
const json *json_at(const json *object, const char *path);
/* A text, or `fallback`. */
const char *json_text(const json *value, const char *fallback);
/* A number, or `fallback`. */
double json_number(const json *value, double fallback);
/* Whether it is true. */
bool json_true(const json *value);
/* How many entries there are. */
size_t json_size(const json *value);
/* The value's own text, to be freed with free. */
char *json_copy(const json *value);
/* Whether two values are equal; the order of an object's entries does not matter. */
bool json_equal(const json *a, const json *b);

#endif
