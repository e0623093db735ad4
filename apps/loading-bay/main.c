/* An edge app: is the loading bay free, and for how long has it been so? */

#include "playfield.h"
#include "pf_camera.h"

#define EVERY_MS 10000
#define WEEK_S 604800
#define MOST_VEHICLES 100

static const char *const VEHICLES[] = {"car", "truck", "bus", "van"};
enum { KINDS = sizeof VEHICLES / sizeof *VEHICLES };

static char settings[1024];
static int settings_len;
static int classes[KINDS], known; /* the model's vehicles */
static int zone, began;
static int64_t taken_after_ms, free_after_ms;

static int taken;          /* what it says */
static int64_t since_ms;   /* since when that is so */
static int other;          /* the zone looks otherwise */
static int64_t other_ms;   /* since when it does */
static int64_t said_ms;

PF_INIT {
    settings_len = pf_min(pf_camera_config(settings, sizeof settings), sizeof settings);
    taken_after_ms = 1000 * (int64_t)pf_json_number(settings, settings_len, "taken_after_s", 3);
    free_after_ms = 1000 * (int64_t)pf_json_number(settings, settings_len, "free_after_s", 10);
    for (int kind = 0; kind < KINDS; kind++) {
        int class_nr = pf_class_of(VEHICLES[kind]);
        if (class_nr >= 0) classes[known++] = class_nr;
    }
}

/* Names of places are known with the first picture. */
static void begin(int64_t now) {
    const char *name;
    int len = pf_json_string(settings, settings_len, "zone", &name);
    if (len >= 0) zone = pf_max(pf_place_of(PF_ZONE, name, len), 0);
    began = 1;
    since_ms = said_ms = now;
}

static int64_t vehicles(void) {
    int64_t count = 0;
    if (!known) return pf_infer_count(PF_ZONE_NOW, zone, PF_ALL);
    for (int nth = 0; nth < known; nth++) count += pf_infer_count(PF_ZONE_NOW, zone, classes[nth]);
    return count;
}

static void say(int64_t now, int64_t count) {
    int64_t seconds = (now - since_ms) / 1000;
    pf_json out = pf_json_begin();
    pf_json_bool(&out, "free", !taken);
    pf_json_int(&out, "seconds", seconds > WEEK_S ? WEEK_S : seconds);
    pf_json_int(&out, "vehicles", count > MOST_VEHICLES ? MOST_VEHICLES : count);
    pf_json_emit(&out);
    said_ms = now;
}

PF_TICK {
    int64_t now = pf_camera_time_ms(), count = vehicles();
    if (!began) begin(now);
    if (count < 0) return; /* the camera has no zone */
    /* A clock that was set back: what was measured by it begins anew. */
    if (now < said_ms || now < since_ms) since_ms = said_ms = other_ms = now;

    if ((count > 0) == taken) {
        other = 0;
    } else if (!other) {
        other = 1;
        other_ms = now;
    }
    if (other && now - other_ms >= (taken ? free_after_ms : taken_after_ms)) {
        taken = !taken;
        since_ms = other_ms;
        other = 0;
        say(now, count);
    } else if (now - said_ms >= EVERY_MS) {
        say(now, count);
    }
}
