#define _POSIX_C_SOURCE 200809L

#include "place.h"

#include <unistd.h>

#include "../support/check.h"

char *copy(const char *text) {
    size_t size = strlen(text) + 1;
    char *memory = malloc(size);
    CHECK(memory != NULL);
    return memcpy(memory, text, size);
}

static const struct {
    const char *placeholder, *key, *file;
} files[] = {
    {"ca_file", "ca_pem", "ca.pem"},
    {"client_cert_file", "client_cert_pem", "cert.pem"},
    {"client_key_file", "client_key_pem", "key.pem"},
};
enum { FILES = sizeof files / sizeof *files };

static void path_of(const place *p, size_t file, char *path, size_t size) {
    snprintf(path, size, "%s/%s", p->folder, files[file].file);
}

place place_open(void) {
    place p = {.box = sandbox_start(true), .folder = "/tmp/evertoken-vectors-XXXXXX"};
    CHECK(mkdtemp(p.folder) != NULL);
    for (size_t i = 0; i < FILES; i++) {
        char path[128];
        path_of(&p, i, path, sizeof path);
        FILE *file = fopen(path, "w");
        CHECK(file != NULL);
        fputs(json_text(json_get(p.box.info, files[i].key), ""), file);
        CHECK(fclose(file) == 0);
    }
    return p;
}

void place_close(place *p) {
    for (size_t i = 0; i < FILES; i++) {
        char path[128];
        path_of(p, i, path, sizeof path);
        unlink(path);
    }
    rmdir(p->folder);
    sandbox_stop(&p->box);
}

/* What a placeholder stands for; a number is written as it stands in the start line. To be freed. */
static char *meaning(const place *p, const char *name) {
    static const char *const addresses[][2] = {{"base", "url"}, {"foreign", "foreign_url"}, {"https", "https_url"}};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, addresses[i][0]) != 0) continue;
        char *url = copy(json_text(json_get(p->box.info, addresses[i][1]), ""));
        size_t length = strlen(url);
        if (length > 0 && url[length - 1] == '/') url[length - 1] = '\0';
        return url;
    }
    for (size_t i = 0; i < FILES; i++) {
        if (strcmp(name, files[i].placeholder) != 0) continue;
        char path[128];
        path_of(p, i, path, sizeof path);
        return copy(path);
    }
    if (strcmp(name, "case") == 0) return copy(p->name);
    if (strncmp(name, "cred:", 5) == 0) {
        const json *value = json_at(json_get(p->box.info, "credentials"), name + 5);
        CHECK(value != NULL);
        return value->type == JSON_STRING ? copy(value->string) : json_copy(value);
    }
    fprintf(stderr, "unknown placeholder %s\n", name);
    exit(1);
}

char *place_fill(const place *p, const char *text) {
    char *filled = copy("");
    size_t used = 0;
    while (*text != '\0') {
        const char *open = strstr(text, "{{"), *close = open == NULL ? NULL : strstr(open, "}}");
        size_t plain = open == NULL ? strlen(text) : (size_t)(open - text);
        char *value = NULL;
        if (close != NULL) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)(close - open - 2), open + 2);
            value = meaning(p, name);
        }
        size_t more = value == NULL ? 0 : strlen(value);
        filled = realloc(filled, used + plain + more + 1);
        CHECK(filled != NULL);
        memcpy(filled + used, text, plain);
        if (value != NULL) memcpy(filled + used + plain, value, more);
        used += plain + more;
        filled[used] = '\0';
        text = close == NULL ? text + plain : close + 2;
        free(value);
    }
    return filled;
}

/* A text option that is nothing but a credential takes the credential's type. */
static const json *credential(const place *p, const char *text) {
    char path[64];
    if (strncmp(text, "{{cred:", 7) != 0 || strlen(text) - 9 >= sizeof path || strchr(text + 7, '{') != NULL) return NULL;
    snprintf(path, sizeof path, "%.*s", (int)(strlen(text) - 9), text + 7);
    return strcmp(text + strlen(text) - 2, "}}") == 0 ? json_at(json_get(p->box.info, "credentials"), path) : NULL;
}

static void set_list(const place *p, evertoken_config *config, const json *list) {
    size_t count = json_size(list), i = 0;
    char **texts = calloc(count + 1, sizeof *texts);
    CHECK(texts != NULL);
    for (const json *entry = list->first; entry != NULL; entry = entry->next) texts[i++] = place_fill(p, json_text(entry, ""));
    CHECK_INT(evertoken_config_set_list(config, list->name, (const char *const *)texts, count), EVERTOKEN_OK);
    while (i > 0) free(texts[--i]);
    free(texts);
}

static void set_option(const place *p, evertoken_config *config, const char *name, const json *value) {
    char *text = NULL;
    switch (value->type) {
    case JSON_STRING: {
        const json *typed = credential(p, value->string);
        if (typed != NULL && typed->type == JSON_NUMBER) {
            CHECK_INT(evertoken_config_set_number(config, name, typed->number), EVERTOKEN_OK);
            return;
        }
        text = place_fill(p, value->string);
        CHECK_INT(evertoken_config_set_text(config, name, text), EVERTOKEN_OK);
        break;
    }
    case JSON_NUMBER:
        CHECK_INT(evertoken_config_set_number(config, name, value->number), EVERTOKEN_OK);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        CHECK_INT(evertoken_config_set_flag(config, name, value->type == JSON_TRUE), EVERTOKEN_OK);
        break;
    case JSON_ARRAY:
        set_list(p, config, value);
        break;
    case JSON_OBJECT:
        for (const json *entry = value->first; entry != NULL; entry = entry->next) {
            char *filled = place_fill(p, json_text(entry, ""));
            CHECK_INT(evertoken_config_set_entry(config, name, entry->name, filled), EVERTOKEN_OK);
            free(filled);
        }
        break;
    case JSON_NULL:
        CHECK(value->type != JSON_NULL);
    }
    free(text);
}

evertoken_config *place_config(const place *p, const char *flow, const json *options, const json *more) {
    evertoken_config *config = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_config_new(flow, &config, &error));
    const json *sources[2] = {options, more};
    for (size_t i = 0; i < 2; i++) {
        for (const json *option = sources[i] == NULL ? NULL : sources[i]->first; option != NULL; option = option->next) {
            set_option(p, config, option->name, option);
        }
    }
    return config;
}

void shown_add(shown *s, const char *text) {
    if (text == NULL) return;
    s->texts = realloc(s->texts, (s->count + 1) * sizeof *s->texts);
    CHECK(s->texts != NULL);
    s->texts[s->count++] = copy(text);
}

void shown_add_error(shown *s, const evertoken_error *error) {
    if (error == NULL) return;
    shown_add(s, evertoken_error_message(error));
    shown_add(s, evertoken_error_text(error));
    shown_add(s, evertoken_error_hint(error));
    shown_add(s, evertoken_error_identity(error, NULL));
    shown_add(s, evertoken_error_provider_code(error, NULL));
    shown_add(s, evertoken_error_provider_message(error, NULL));
    shown_add(s, evertoken_error_fingerprint(error, NULL));
}

const char *shown_find(const shown *s, const char *secret) {
    for (size_t i = 0; i < s->count; i++) {
        if (strstr(s->texts[i], secret) != NULL) return s->texts[i];
    }
    return NULL;
}

void shown_clear(shown *s) {
    for (size_t i = 0; i < s->count; i++) free(s->texts[i]);
    free(s->texts);
    s->texts = NULL;
    s->count = 0;
}
