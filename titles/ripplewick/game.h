/* Ripplewick: the words all rooms share.
 *
 * rules.c knows the pond and nothing else, levels.c is the table that levels.py writes. input.c turns four devices into
 * one wish. title.c, map.c and pond.c are the scenes, main.c moves between them and keeps progress. paint.c lights the
 * water and presents what changed, shore.c makes the ground, art.c stamps the things, pond_draw.c shows a pond. */
#ifndef GAME_H
#define GAME_H

#include "pf_canvas.h"
#include "pf_sound.h"
#include "rules.h"

enum { W = 320, H = 240, CELL = 30, LEFT = 8, TOP = 15, SIDE = 255 };
enum { LEVELS = 40, PER_CHAPTER = 8, AHEAD = 3 }; /* AHEAD: unsolved levels that are open at once */

typedef struct {
    const char *cells, *caption; /* caption: a few words, or 0 */
    uint8_t par, first;          /* fewest pebbles, and where the first of them falls */
} level;
extern const level levels[LEVELS];

/* ---- what the player asks for, from whatever device */
enum { MOUSE, TOUCH, PAD, KEYS };
typedef struct {
    int device; /* the one used last */
    int x, y;   /* mouse or finger, in the picture or outside it */
    int down, began, ended, hovers;
    int dx, dy; /* steps of the cursor */
    int ok, undo, restart, menu, music;
} wish;
void input_read(wish *w);

/* ---- the run */
enum { TITLE, MAP, POND };
typedef struct {
    int scene, age; /* age: ticks in this scene */
    int level;
    uint8_t best[LEVELS]; /* fewest pebbles so far; 0: not solved */
    int muted, device;
} game;
extern game g;

/* main.c */
void go(int scene, int x, int y); /* the new scene spreads from x, y like a ripple */
void keep(void);
int is_open(int which);
int marks_for(int which, int pebbles); /* 0 to 3 */
int marks_total(void);
const char *chapter(int which);

/* scenes: `begin` enters, `step` lives for a tick and says whether the picture moves, `draw` paints it */
void title_begin(void);
int title_step(const wish *w);
void title_draw(void);
void map_begin(void);
int map_step(const wish *w);
void map_draw(void);
void pond_begin(void);
int pond_step(const wish *w);
void pond_draw(void);

/* paint.c: the ground is a map of brightness, below 128 of water, from 128 on of land. Light and ripples are added to
 * it, and the dithered sum picks a shade. */
enum { SHADES = 12, STEP = 8, LAND_BASE = 128, PLAIN = COLOURS };
extern pf_canvas screen;
extern uint8_t ground[W * H];
void paint_begin(void);
void light_clear(void);
void glow(int x, int y, int r, int power, int colour);
void ring(int x, int y, int r, int power, int lanes[4]); /* lanes: lengths of the arms, or 0 for all round */
void lift(int x, int y, int w, int h, int power);        /* a soft bar of light */
void shine(void);
void wipe_begin(int x, int y);
int wiping(void);
void present(void);
void label(int x, int y, const char *text, int colour, int scale);
void label_centred(int x, int y, const char *text, int colour, int scale);
char *say(char *to, const char *before, int value);
void panel(int x, int y, int w, int h, int face, int edge);
uint32_t hash(int x, int y);
int noise(int x, int y, int cell);
int ease(int at, int of, int way); /* way * (at / of), slowing down towards the end */

/* colours over the water: five shades for each lantern, and so on */
enum { TINTS = 64, WOODS = TINTS + 15, ROCKS = WOODS + 4, LEAVES = ROCKS + 5, INKS = LEAVES + 5 };
enum { WHITE = INKS, ICE, MIST, DUSK, NIGHT, DEEP, BLACK, ENDS };
static inline int tint_ink(int kind, int shade) { return TINTS + kind * 5 + shade; }

/* shore.c */
void shore_pond(const pond *p);
void shore_open(void); /* open water for the title and the map */
void fireflies(void);

/* art.c */
void art_lantern(int x, int y, int kind, int flame);
void art_ghost(int x, int y, int kind);
void art_wood(int x, int y);
void art_lily(int x, int y, int kind, int lit);
void art_leaf(int x, int y, int r, int shade);
void art_rock(int x, int y, int seed);
void art_reeds(int x, int y, int seed, int front);
void art_flow(int x, int y, int direction, int phase);
void art_star(int x, int y, int on);
void art_pebble(int x, int y);
enum { ICON_UNDO, ICON_RESTART, ICON_MAP, ICON_NEXT, ICON_SOUND, ICON_MUTE };
void art_icon(int x, int y, int which, int colour);

/* sound.c */
enum { SFX_PLOP, SFX_NO, SFX_TICK, SFX_OK, SFX_UNDO, SFX_LIT, SFX_OUT, SFX_BUMP, SFX_STREAM, SFX_RISE, SFX_STAR };
void sfx(int which, int shift);
void chime(int step); /* a note of the scale the music is in */
void sound_step(void);

#endif
