/* playfield.h: everything a C title needs to talk to its host. One header, no library, no libc.
 *
 * It declares each function of sdk/ABI.md, one by one and under the same names (group video, function present:
 * pf_video_present). `pf_canvas.h` draws and `pf_sound.h` makes sound; both are built on this file alone.
 *
 *     #include "playfield.h"
 *     PF_INIT { pf_video_mode(160, 144, PF_INDEXED); }
 *     PF_TICK { ... pf_video_present(pixels, 160); }
 *
 * Build: cc --target=wasm32 -O2 -mbulk-memory -ffreestanding -nostdlib -Wl,--no-entry -o title.wasm *.c
 */
#ifndef PLAYFIELD_H
#define PLAYFIELD_H

#include <stddef.h>
#include <stdint.h>

#define PF_IMPORT(group, name) __attribute__((import_module("playfield:" group "@1"), import_name(name))) extern
#define PF_EXPORT(name) __attribute__((export_name(name), used))

/* The two functions a host calls: once before the first picture, and once for each picture. */
#define PF_INIT PF_EXPORT("pf_init") void pf_init(void)
#define PF_TICK PF_EXPORT("pf_tick") void pf_tick(void)

/* ---- host: the run ------------------------------------------------------------------------------------------- */

/* Pictures a second, 1 to 240; 60 if never called. Before the first tick only. */
PF_IMPORT("host", "tick_rate") void pf_tick_rate(int32_t hz);
/* Number of the picture being made; the first is 1. */
PF_IMPORT("host", "tick") int64_t pf_tick_count(void);
/* Microseconds since the first tick, counted in ticks. */
PF_IMPORT("host", "time_us") int64_t pf_time_us(void);
/* Wall time in milliseconds, as the session sees it. */
PF_IMPORT("host", "unix_ms") int64_t pf_unix_ms(void);
/* Fills memory with random bytes from the session's seed. */
PF_IMPORT("host", "random") void pf_random(void *to, int32_t len);
/* The title is done: the session ends after this tick. */
PF_IMPORT("host", "exit") void pf_exit(void);

/* ---- log ----------------------------------------------------------------------------------------------------- */

enum { PF_ERROR, PF_WARN, PF_INFO, PF_DEBUG };

PF_IMPORT("log", "write") void pf_log_write(int32_t level, const char *line, int32_t len);

/* ---- video --------------------------------------------------------------------------------------------------- */

enum { PF_INDEXED, PF_RGB565, PF_RGBA };

/* Size, 1x1 to 1920x1080, and format. Needed before the first present; may be called again. */
PF_IMPORT("video", "mode") void pf_video_mode(int32_t width, int32_t height, int32_t format);
/* Colours of an indexed picture: `count` words 0x00RRGGBB from entry `first`. */
PF_IMPORT("video", "palette") void pf_video_palette(int32_t first, int32_t count, const uint32_t *colours);
/* Only this rectangle differs from the picture before; call again for more. Holds for the next present. */
PF_IMPORT("video", "dirty") void pf_video_dirty(int32_t x, int32_t y, int32_t w, int32_t h);
/* Here is the picture; rows are `stride` bytes apart. */
PF_IMPORT("video", "present") void pf_video_present(const void *pixels, int32_t stride);

/* ---- audio: 48 kHz, stereo, interleaved ---------------------------------------------------------------------- */

#define PF_SAMPLE_RATE 48000
#define PF_AUDIO_MAX 9600 /* frames that can wait at most */

/* Frames (pairs of samples) that make up this tick. */
PF_IMPORT("audio", "wanted") int32_t pf_audio_wanted(void);
/* Appends frames to the sound of this tick; returns how many were taken. Push nothing while silent. */
PF_IMPORT("audio", "push") int32_t pf_audio_push(const int16_t *samples, int32_t frames);

/* ---- input --------------------------------------------------------------------------------------------------- */

#define PF_PLAYERS 4
#define PF_TOUCHES 10

enum {
    PF_A = 1 << 0, PF_B = 1 << 1, PF_X = 1 << 2, PF_Y = 1 << 3,
    PF_L1 = 1 << 4, PF_R1 = 1 << 5, PF_L2 = 1 << 6, PF_R2 = 1 << 7,
    PF_SELECT = 1 << 8, PF_START = 1 << 9, PF_L3 = 1 << 10, PF_R3 = 1 << 11,
    PF_UP = 1 << 12, PF_DOWN = 1 << 13, PF_LEFT = 1 << 14, PF_RIGHT = 1 << 15
};
enum { PF_MOUSE_LEFT = 1, PF_MOUSE_RIGHT = 2, PF_MOUSE_MIDDLE = 4, PF_MOUSE_BACK = 8, PF_MOUSE_FORWARD = 16 };

/* A gamepad. "Pressed" means held now and not at the tick before. Sticks: -32767 left or up, 32767 right or down. */
typedef struct {
    uint16_t held, pressed;
    int16_t lx, ly, rx, ry;
    uint8_t l2, r2;
    uint16_t unused;
} pf_pad;

/* Keys by usage of the USB HID keyboard page: bit N % 8 of byte N / 8. */
typedef struct {
    uint8_t held[32], pressed[32];
} pf_keys;

/* A mouse. x, y in pixels of the picture; motion since the tick before; wheel in 120ths of a notch. */
typedef struct {
    int16_t x, y, dx, dy, wheel_x, wheel_y;
    uint8_t held, pressed;
    uint16_t unused;
} pf_pointer;

/* A finger on the picture. `began` is 1 in the tick it came down. */
typedef struct {
    uint8_t id, began;
    int16_t x, y;
    uint16_t unused;
} pf_touch;

_Static_assert(sizeof(pf_pad) == 16 && sizeof(pf_keys) == 64, "layout of sdk/ABI.md");
_Static_assert(sizeof(pf_pointer) == 16 && sizeof(pf_touch) == 8, "layout of sdk/ABI.md");

/* Bit N: player N is there. */
PF_IMPORT("input", "players") int32_t pf_input_players(void);
PF_IMPORT("input", "pad") void pf_input_pad(int32_t player, pf_pad *to);
PF_IMPORT("input", "keys") void pf_input_keys(int32_t player, pf_keys *to);
PF_IMPORT("input", "pointer") void pf_input_pointer(int32_t player, pf_pointer *to);
/* Writes up to `max` fingers; returns how many there are. */
PF_IMPORT("input", "touches") int32_t pf_input_touches(int32_t player, pf_touch *to, int32_t max);
/* Writes up to `max` bytes of UTF-8 typed since the tick before; returns the length of all of it. */
PF_IMPORT("input", "text") int32_t pf_input_text(int32_t player, char *to, int32_t max);
/* Shakes a pad: slow, heavy motor and fast, light one, each 0 to 255, for 0 to 5000 ms, in place of what it did; 0 stops. */
PF_IMPORT("input", "rumble") void pf_input_rumble(int32_t player, int32_t strong, int32_t weak, int32_t ms);

/* Usages of some keys; the others are in the USB HID usage tables, page 7. */
enum {
    PF_KEY_A = 4, PF_KEY_D = 7, PF_KEY_P = 19, PF_KEY_S = 22, PF_KEY_W = 26, PF_KEY_X = 27, PF_KEY_Z = 29,
    PF_KEY_1 = 30, PF_KEY_ENTER = 40, PF_KEY_ESCAPE = 41, PF_KEY_BACKSPACE = 42, PF_KEY_TAB = 43, PF_KEY_SPACE = 44,
    PF_KEY_RIGHT = 79, PF_KEY_LEFT = 80, PF_KEY_DOWN = 81, PF_KEY_UP = 82
};

static inline int pf_key_held(const pf_keys *keys, int usage) { return keys->held[usage >> 3] >> (usage & 7) & 1; }
static inline int pf_key_pressed(const pf_keys *keys, int usage) { return keys->pressed[usage >> 3] >> (usage & 7) & 1; }

/* ---- storage: small values that stay, by key ------------------------------------------------------------------ */

/* Writes up to `max` bytes of the value; returns the length of all of it, or -1 if there is none. */
PF_IMPORT("storage", "read") int32_t pf_storage_read(const char *key, int32_t key_len, void *to, int32_t max);
/* 0, or -1 if it would not fit. */
PF_IMPORT("storage", "write") int32_t pf_storage_write(const char *key, int32_t key_len, const void *value, int32_t len);
/* 0, or -1 if there was none. */
PF_IMPORT("storage", "remove") int32_t pf_storage_remove(const char *key, int32_t key_len);

/* ---- timeline: what happened ---------------------------------------------------------------------------------- */

enum { PF_PLAYING, PF_MENU, PF_LOADING, PF_OVER };

PF_IMPORT("timeline", "event") void pf_timeline_event(const char *name, int32_t len, int64_t value);
PF_IMPORT("timeline", "mode") void pf_timeline_mode(int32_t mode);

/* ---- small helpers -------------------------------------------------------------------------------------------- */

static inline int pf_strlen(const char *text) {
    int n = 0;
    while (text[n]) n++;
    return n;
}
static inline void pf_log(const char *line) { pf_log_write(PF_INFO, line, pf_strlen(line)); }
static inline void pf_event(const char *name, int64_t value) { pf_timeline_event(name, pf_strlen(name), value); }
static inline int32_t pf_load(const char *key, void *to, int32_t len) { return pf_storage_read(key, pf_strlen(key), to, len); }
static inline int32_t pf_save(const char *key, const void *value, int32_t len) {
    return pf_storage_write(key, pf_strlen(key), value, len);
}

/* Random numbers of our own, quick and repeatable; seed once from pf_random. PCG-XSH-RR, pcg-random.org. */
typedef struct {
    uint64_t state;
} pf_rng;

static inline void pf_rng_seed(pf_rng *rng) { pf_random(&rng->state, sizeof rng->state); }
static inline uint32_t pf_rng_next(pf_rng *rng) {
    uint64_t old = rng->state;
    rng->state = old * 6364136223846793005ull + 1442695040888963407ull;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27), turn = (uint32_t)(old >> 59);
    return mixed >> turn | mixed << (-turn & 31);
}
/* 0 to below - 1. */
static inline int pf_rng_below(pf_rng *rng, int below) { return (int)((uint64_t)pf_rng_next(rng) * (uint32_t)below >> 32); }

/* Sine of an angle in turns / 256, times 127. Bhaskara's approximation, so the same on every machine. */
static inline int pf_sin8(int angle) {
    int a = angle & 127, p = a * (128 - a); /* half a turn, 0 to 4096 */
    int s = 127 * 4 * p / (5 * 4096 - p);
    return (angle & 128) ? -s : s;
}
static inline int pf_cos8(int angle) { return pf_sin8(angle + 64); }

static inline int pf_min(int a, int b) { return a < b ? a : b; }
static inline int pf_max(int a, int b) { return a > b ? a : b; }
static inline int pf_clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

/* Compilers may call these even in freestanding code. */
__attribute__((weak)) void *memset(void *to, int value, size_t n) { return __builtin_memset(to, value, n); }
__attribute__((weak)) void *memcpy(void *to, const void *from, size_t n) { return __builtin_memcpy(to, from, n); }
__attribute__((weak)) void *memmove(void *to, const void *from, size_t n) { return __builtin_memmove(to, from, n); }

#endif
