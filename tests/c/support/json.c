#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *at;
} reader;

static void *grab(void *old, size_t size) {
    void *memory = realloc(old, size);
    if (memory == NULL) abort();
    return memory;
}

static void wrong(const reader *r, const char *what) {
    fprintf(stderr, "json: %s at: %.40s\n", what, r->at);
    exit(1);
}

static void skip_space(reader *r) {
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r') r->at++;
}

static bool take(reader *r, char c) {
    skip_space(r);
    if (*r->at != c) return false;
    r->at++;
    return true;
}

static unsigned hex4(reader *r) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a') + 10u : 16u;
        if (digit > 15u) wrong(r, "bad \\u");
        value = value * 16u + digit;
    }
    return value;
}

static char *put_utf8(char *out, unsigned code) {
    if (code < 0x80u) {
        *out++ = (char)code;
    } else if (code < 0x800u) {
        *out++ = (char)(0xC0u | (code >> 6));
        *out++ = (char)(0x80u | (code & 0x3Fu));
    } else if (code < 0x10000u) {
        *out++ = (char)(0xE0u | (code >> 12));
        *out++ = (char)(0x80u | ((code >> 6) & 0x3Fu));
        *out++ = (char)(0x80u | (code & 0x3Fu));
    } else {
        *out++ = (char)(0xF0u | (code >> 18));
        *out++ = (char)(0x80u | ((code >> 12) & 0x3Fu));
        *out++ = (char)(0x80u | ((code >> 6) & 0x3Fu));
        *out++ = (char)(0x80u | (code & 0x3Fu));
    }
    return out;
}

static char *read_string(reader *r) {
    const char *end = r->at;
    while (*end != '\0' && *end != '"') end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    char *text = grab(NULL, (size_t)(end - r->at) + 1), *out = text; /* decoding never grows */
    while (*r->at != '"') {
        if (*r->at == '\0') wrong(r, "string without end");
        if (*r->at != '\\') {
            *out++ = *r->at++;
            continue;
        }
        r->at++;
        char c = *r->at++;
        const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t", *found = strchr(from, c);
        if (c == 'u') {
            unsigned code = hex4(r);
            if (code >= 0xD800u && code < 0xDC00u && r->at[0] == '\\' && r->at[1] == 'u') {
                r->at += 2;
                code = 0x10000u + ((code - 0xD800u) << 10) + (hex4(r) - 0xDC00u);
            }
            out = put_utf8(out, code);
        } else if (found != NULL && c != '\0') {
            *out++ = to[found - from];
        } else {
            wrong(r, "bad escape");
        }
    }
    r->at++;
    *out = '\0';
    return text;
}

static json *read_value(reader *r);

static void read_entries(reader *r, json *value, char close, bool named) {
    json **place = &value->first;
    if (take(r, close)) return;
    do {
        char *name = NULL;
        if (named) {
            if (!take(r, '"')) wrong(r, "expected a key");
            name = read_string(r);
            if (!take(r, ':')) wrong(r, "expected ':'");
        }
        *place = read_value(r);
        (*place)->name = name;
        place = &(*place)->next;
    } while (take(r, ','));
    if (!take(r, close)) wrong(r, "expected ',' or the end");
}

static bool read_word(reader *r, const char *word) {
    size_t length = strlen(word);
    if (strncmp(r->at, word, length) != 0) return false;
    r->at += length;
    return true;
}

static json *read_value(reader *r) {
    json *value = grab(NULL, sizeof *value);
    memset(value, 0, sizeof *value);
    skip_space(r);
    value->start = r->at;
    if (take(r, '{')) {
        value->type = JSON_OBJECT;
        read_entries(r, value, '}', true);
    } else if (take(r, '[')) {
        value->type = JSON_ARRAY;
        read_entries(r, value, ']', false);
    } else if (take(r, '"')) {
        value->type = JSON_STRING;
        value->string = read_string(r);
    } else if (read_word(r, "null")) {
        value->type = JSON_NULL;
    } else if (read_word(r, "true")) {
        value->type = JSON_TRUE;
    } else if (read_word(r, "false")) {
        value->type = JSON_FALSE;
    } else {
        char *end = NULL;
        value->type = JSON_NUMBER;
        value->number = strtod(r->at, &end);
        if (end == r->at) wrong(r, "expected a value");
        r->at = end;
    }
    value->length = (size_t)(r->at - value->start);
    return value;
}

json *json_parse(const char *text) {
    reader r = {text};
    json *value = read_value(&r);
    skip_space(&r);
    if (*r.at != '\0') wrong(&r, "text after the end");
    return value;
}

void json_free(json *value) {
    while (value != NULL) {
        json *next = value->next;
        json_free(value->first);
        free(value->name);
        free(value->string);
        free(value);
        value = next;
    }
}

const json *json_get(const json *object, const char *name) {
    if (object == NULL || object->type != JSON_OBJECT) return NULL;
    for (const json *entry = object->first; entry != NULL; entry = entry->next) {
        if (strcmp(entry->name, name) == 0) return entry;
    }
    return NULL;
}

const json *json_at(const json *object, const char *path) {
    char name[128];
    for (const char *dot; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
        snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
        object = json_get(object, name);
    }
    return json_get(object, path);
}

const char *json_text(const json *value, const char *fallback) {
    return value != NULL && value->type == JSON_STRING ? value->string : fallback;
}

double json_number(const json *value, double fallback) {
    return value != NULL && value->type == JSON_NUMBER ? value->number : fallback;
}

bool json_true(const json *value) {
    return value != NULL && value->type == JSON_TRUE;
}

size_t json_size(const json *value) {
    size_t count = 0;
    for (const json *entry = value == NULL ? NULL : value->first; entry != NULL; entry = entry->next) count++;
    return count;
}

char *json_copy(const json *value) {
    char *text = grab(NULL, value->length + 1);
    memcpy(text, value->start, value->length);
    text[value->length] = '\0';
    return text;
}

bool json_equal(const json *a, const json *b) {
    if (a == NULL || b == NULL || a->type != b->type) return a == b;
    if (a->type == JSON_NUMBER) return !(a->number < b->number) && !(a->number > b->number);
    if (a->type == JSON_STRING) return strcmp(a->string, b->string) == 0;
    if (json_size(a) != json_size(b)) return false;
    const json *other = b->first;
    for (const json *entry = a->first; entry != NULL; entry = entry->next) {
        if (a->type == JSON_OBJECT) other = json_get(b, entry->name);
        if (!json_equal(entry, other)) return false;
        if (a->type == JSON_ARRAY) other = other->next;
    }
    return true;
}
