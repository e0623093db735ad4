/* pf_camera.h: what an edge app in C needs besides playfield.h: its camera's pictures, what was understood of them, and the way
 * out for what it makes of that. It declares each function of the groups `camera` and `infer` of sdk/ABI.md, and helpers to write
 * and read JSON without a libc.
 *
 *     #include "playfield.h"
 *     #include "pf_camera.h"
 *     PF_TICK {
 *         pf_json out = pf_json_begin();
 *         pf_json_int(&out, "people", pf_infer_count(PF_ZONE_NOW, 0, PF_ALL));
 *         pf_json_emit(&out);
 *     }
 *
 * `pf_init` runs before the first picture: there it can read its settings and the names of classes, and say nothing yet.
 */
#ifndef PF_CAMERA_H
#define PF_CAMERA_H

#include "playfield.h"

/* ---- camera -------------------------------------------------------------------------------------------------- */

/* Number of the picture, as its source counts: a gap is pictures that passed by. 0 before the first. */
PF_IMPORT("camera", "frame") int64_t pf_camera_frame(void);
/* When it was taken: Unix time in milliseconds. */
PF_IMPORT("camera", "time_ms") int64_t pf_camera_time_ms(void);
/* Its size in pixels: width in the lower 16 bits, height in the upper ones. */
PF_IMPORT("camera", "size") int32_t pf_camera_size(void);
/* Writes up to `max` bytes of the app's settings, a JSON object; returns the length of all of it. */
PF_IMPORT("camera", "config") int32_t pf_camera_config(char *to, int32_t max);
/* Writes the picture as RGBA of this size, 1x1 to 640x480: 0; or -1 where the app may not see it. */
PF_IMPORT("camera", "pixels") int32_t pf_camera_pixels(uint32_t *to, int32_t width, int32_t height);
/* Says something: one JSON object of fields that app.toml declares. 0, or why it does not leave. */
PF_IMPORT("camera", "emit") int32_t pf_camera_emit(const char *json, int32_t len);

enum { PF_NO_OBJECT = -1, PF_UNDECLARED = -2, PF_VALUE = -3, PF_BUDGET = -4, PF_TOO_LONG = -5 };

/* ---- infer --------------------------------------------------------------------------------------------------- */

/* Something that was found. Places are fractions of the picture, y down. */
typedef struct {
    uint64_t track;    /* the same number in each picture that shows it; 0: none yet */
    uint16_t class_nr; /* by its place in the model's list of labels */
    uint16_t unused;
    float score, left, top, right, bottom;
    uint64_t zones; /* bit N: it is in the Nth zone */
} pf_object;

_Static_assert(sizeof(pf_object) == 40, "layout of sdk/ABI.md");

enum { PF_ZONE, PF_LINE };
enum { PF_ZONE_NOW, PF_ZONE_IN, PF_ZONE_OUT, PF_LINE_IN, PF_LINE_OUT };
#define PF_ALL (-1) /* all classes */

/* Writes up to `max` objects of the picture; returns how many there are. */
PF_IMPORT("infer", "objects") int32_t pf_infer_objects(pf_object *to, int32_t max);
/* How many classes the model has. */
PF_IMPORT("infer", "labels") int32_t pf_infer_labels(void);
/* Writes up to `max` bytes of a class's name; returns the length of all of it, or -1 if there is no such class. */
PF_IMPORT("infer", "label") int32_t pf_infer_label(int32_t class_nr, char *to, int32_t max);
/* The same for the name of the Nth zone or line. */
PF_IMPORT("infer", "place") int32_t pf_infer_place(int32_t kind, int32_t nth, char *to, int32_t max);
/* A number of the Nth zone or line, of a class or of all; -1 if there is no such place. */
PF_IMPORT("infer", "count") int64_t pf_infer_count(int32_t what, int32_t nth, int32_t class_nr);
/* Writes up to `max` bytes of what happened with this picture, a JSON array; returns the length of all of it. */
PF_IMPORT("infer", "events") int32_t pf_infer_events(char *to, int32_t max);
/* The same for all numbers, a JSON object. */
PF_IMPORT("infer", "counts") int32_t pf_infer_counts(char *to, int32_t max);

/* Whether a text of `len` bytes is this word. */
static inline int pf_is(const char *text, int len, const char *word) {
    int at = 0;
    while (at < len && word[at] && text[at] == word[at]) at++;
    return at == len && !word[at];
}

/* The class of this name, or -1. */
static inline int pf_class_of(const char *name) {
    char label[64];
    for (int class_nr = 0, n = pf_infer_labels(); class_nr < n; class_nr++) {
        int len = pf_infer_label(class_nr, label, sizeof label);
        if (len <= (int)sizeof label && pf_is(label, len, name)) return class_nr;
    }
    return -1;
}

/* The zone or line of this name, or -1. */
static inline int pf_place_of(int kind, const char *name, int name_len) {
    char place[64];
    for (int nth = 0;; nth++) {
        int len = pf_infer_place(kind, nth, place, sizeof place), at = 0;
        if (len < 0) return -1;
        if (len != name_len || len > (int)sizeof place) continue;
        while (at < len && place[at] == name[at]) at++;
        if (at == len) return nth;
    }
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

/* An object that is being written. What does not fit is left out, and the host then refuses the rest. */
typedef struct {
    char text[512];
    int len;
} pf_json;

static inline void pf_json_char(pf_json *json, char c) {
    if (json->len < (int)sizeof json->text) json->text[json->len++] = c;
}
static inline void pf_json_word(pf_json *json, const char *word) {
    while (*word) pf_json_char(json, *word++);
}
static inline pf_json pf_json_begin(void) {
    pf_json json;
    json.len = 0;
    pf_json_char(&json, '{');
    return json;
}
static inline void pf_json_key(pf_json *json, const char *key) {
    if (json->len > 1) pf_json_char(json, ',');
    pf_json_char(json, '"');
    pf_json_word(json, key);
    pf_json_word(json, "\":");
}
static inline void pf_json_int(pf_json *json, const char *key, int64_t value) {
    char digits[20];
    int n = 0;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    pf_json_key(json, key);
    if (value < 0) pf_json_char(json, '-');
    do digits[n++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (n) pf_json_char(json, digits[--n]);
}
static inline void pf_json_bool(pf_json *json, const char *key, int value) {
    pf_json_key(json, key);
    pf_json_word(json, value ? "true" : "false");
}
static inline void pf_json_text(pf_json *json, const char *key, const char *word) {
    pf_json_key(json, key);
    pf_json_char(json, '"');
    pf_json_word(json, word);
    pf_json_char(json, '"');
}
/* Ends the object and says it: what pf_camera_emit returns. */
static inline int pf_json_emit(pf_json *json) {
    pf_json_char(json, '}');
    return pf_camera_emit(json->text, json->len);
}

/* Where the value of a key of a flat JSON object begins, or 0. Settings are flat: values that are lists or objects are not read. */
static inline const char *pf_json_find(const char *text, int len, const char *key) {
    for (int at = 0; at < len; at++) {
        int from, end;
        if (text[at] != '"') continue;
        from = ++at;
        while (at < len && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
        end = at++;
        while (at < len && (text[at] == ' ' || text[at] == ':')) at++;
        if (end < len && at < len && pf_is(text + from, end - from, key)) return text + at;
        if (at < len && text[at] == '"') {
            /* The value of another key: over it. */
            for (at++; at < len && text[at] != '"';) at += text[at] == '\\' ? 2 : 1;
        }
    }
    return 0;
}
/* A whole number, or `otherwise`. */
static inline int pf_json_number(const char *text, int len, const char *key, int otherwise) {
    const char *at = pf_json_find(text, len, key), *end = text + len;
    int value = 0;
    if (!at || *at < '0' || *at > '9') return otherwise;
    while (at < end && *at >= '0' && *at <= '9' && value < 100000000) value = value * 10 + (*at++ - '0');
    return value;
}
/* A text without escapes: its length, and where it begins in `*to`; -1: there is none. */
static inline int pf_json_string(const char *text, int len, const char *key, const char **to) {
    const char *at = pf_json_find(text, len, key), *end = text + len, *from;
    if (!at || *at != '"') return -1;
    for (from = ++at; at < end && *at != '"'; at++)
        if (*at == '\\') return -1;
    *to = from;
    return at < end ? (int)(at - from) : -1;
}

#endif
