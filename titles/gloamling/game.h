/* Gloamling: the words all rooms share. main.c moves between scenes; sparks.c flies the players and closes loops;
 * critters.c is what is caught; night.c decides what comes when; draw.c and sound.c show it. */
#ifndef GAME_H
#define GAME_H

#include "pf_canvas.h"
#include "pf_sound.h"

enum { W = 240, H = 160, FIELD_X0 = 8, FIELD_X1 = W - 8, FIELD_Y0 = 18, FIELD_Y1 = H - 8 };
enum { SPARKS = 2, TRAIL = 150, CRITTERS = 40, MOTES = 260, WORDS = 10, FLASHES = 4, DUST = 64, DROPS = 8 };

typedef struct {
    float x, y;
} vec;

/* What a player asks for this tick, from whatever device. */
typedef struct {
    vec dir; /* length 0 to 1 */
    int dash, ok, left, right, start, tap;
    vec tap_at;
} wish;

/* ---- players */
enum { UP_LIGHT, UP_WINGS, UP_DASH, UP_HEART, UP_EMBER, UP_STUN, UP_BURST, UP_NECTAR, UPS };
typedef struct {
    int here, hearts;
    vec at, v;
    int unhurt, dash, rest, flap; /* ticks left: cannot be hurt, dashing, until the next dash */
    vec dash_dir;
    vec trail[TRAIL];
    int length;
} spark;

/* ---- what is caught, or had better not be */
enum { MOTH, GNAT, BEETLE, SEED, WASP, SNUFFER, THORN, QUEEN, KINDS };
typedef struct {
    int kind; /* -1: free */
    vec at, v;
    int age, born, shell, stun, flash, phase; /* born: ticks until it can touch and be caught */
    float angle;
} critter;

typedef struct {
    vec at, v;
    int life, full, colour; /* colour: first of a ramp in draw.c */
} mote;
typedef struct {
    vec at;
    int life, colour, scale;
    char text[14];
} words;
typedef struct {
    vec at[TRAIL];
    int count, life, caught;
} flash;
typedef struct {
    vec at, v;
    int life;
} dust;
typedef struct {
    vec at, v;
    int kind, life; /* 0 nectar, 1 heart */
} drop;

enum { TITLE, PLAY, CHOOSE, OVER };
enum { BY_PAD, BY_KEYS, BY_MOUSE, BY_TOUCH };
typedef struct {
    pf_rng rng;
    int scene, age, paused; /* age: ticks in this scene */
    int device;             /* what the first player used last */
    spark sparks[SPARKS];
    critter critters[CRITTERS];
    mote motes[MOTES];
    words words[WORDS];
    flash flashes[FLASHES];
    dust dust[DUST];
    drop drops[DROPS];
    int up[UPS], offer[3], cursor;
    int night, budget, next_group, night_age, hurt_tonight, cleared; /* cleared: ticks since, or 0 */
    int score, shown, chain, chain_left, best, best_night, record, caught_total, best_loop;
    int shake, stop; /* ticks: of shaking, of standing still after a hit */
} game;
extern game g;

/* ---- small sums */
static inline float length(vec a) { return __builtin_sqrtf(a.x * a.x + a.y * a.y); }
static inline vec sub(vec a, vec b) { return (vec){a.x - b.x, a.y - b.y}; }
static inline vec add(vec a, vec b, float k) { return (vec){a.x + b.x * k, a.y + b.y * k}; }
static inline float distance(vec a, vec b) { return length(sub(a, b)); }
static inline vec toward(vec from, vec to, float speed) {
    vec d = sub(to, from);
    float n = length(d);
    return n > 0.01f ? (vec){d.x / n * speed, d.y / n * speed} : (vec){0, 0};
}
static inline vec heading(int angle, float speed) { /* angle in turns / 256 */
    return (vec){(float)pf_cos8(angle) * speed / 127, (float)pf_sin8(angle) * speed / 127};
}
static inline int chance(int below) { return pf_rng_below(&g.rng, below); }

/* sparks.c */
void sparks_begin(void);
void spark_join(int player);
void spark_step(int player, const wish *w);
void spark_hurt(int player, vec from);
int sparks_alive(void);
vec nearest_spark(vec from);
float light_length(void);
/* critters.c */
void critters_begin(void);
critter *critter_add(int kind, vec at);
void critters_step(void);
int critters_caught(const vec *loop, int count, int player);
int inside(const vec *loop, int count, vec p);
/* night.c */
void night_begin(int night);
void night_step(void);
int offer_make(void);
void offer_take(int which);
extern const char *const up_name[UPS], *const up_text[UPS][2];
/* effects.c */
void effects_clear(void);
void effects_step(void);
void burst(vec at, int count, float speed, int colour);
void say(vec at, const char *text, int colour, int scale);
void say_number(vec at, const char *before, int value, int colour, int scale);
void shoot(vec at, vec v);
void let_fall(vec at, int kind);
/* draw.c */
enum { INK = 32, WHITE = INK, CREAM, YELLOW, ORANGE, RED, WINE, PINK, MAGENTA, VIOLET, BLUE, CYAN, TEAL, GREEN, LIME, BROWN, TAN, GREY, SLATE, BLACK, ICE };
void draw_begin(void);
void draw_garden(int night);
void draw(void);
/* sound.c */
enum { SFX_CATCH, SFX_LOOP, SFX_HURT, SFX_DASH, SFX_SHELL, SFX_PICK, SFX_HEART, SFX_MOVE, SFX_OK, SFX_BOOM, SFX_WARN, SFX_JOIN, SFX_CLEAR, SFX_SNUFF, SFX_OVER };
enum { SONG_NONE, SONG_TITLE, SONG_PLAY, SONG_DEEP, SONG_QUEEN };
void sfx(int which, int shift);
void song(int which);
void sound_step(void);

#endif
