/* Ripplewick: scenes, and what stays. Drop pebbles into a pond; their ripples carry lanterns to the lilies.
 *
 *   TITLE --tap--> MAP --level--> POND --solved--> the next POND ... and back to MAP at any time
 */
#include "game.h"

enum { IDLE_TICKS = 6 }; /* how often a picture that rests is painted */

game g;

typedef struct {
    void (*begin)(void);
    int (*step)(const wish *w);
    void (*draw)(void);
} scene;
static const scene scenes[] = {
    [TITLE] = {title_begin, title_step, title_draw}, [MAP] = {map_begin, map_step, map_draw}, [POND] = {pond_begin, pond_step, pond_draw}};

void go(int to, int x, int y) {
    g.scene = to, g.age = 0;
    wipe_begin(x, y);
    scenes[to].begin();
    pf_timeline_mode(to == POND ? PF_PLAYING : PF_MENU);
}

/* ---- progress */

void keep(void) {
    uint8_t settings[2] = {(uint8_t)g.level, (uint8_t)g.muted};
    pf_save("best", g.best, sizeof g.best);
    pf_save("settings", settings, sizeof settings);
}

static void recall(void) {
    uint8_t settings[2];
    if (pf_load("best", g.best, sizeof g.best) != sizeof g.best) __builtin_memset(g.best, 0, sizeof g.best);
    if (pf_load("settings", settings, sizeof settings) == sizeof settings) g.level = settings[0] % LEVELS, g.muted = settings[1] != 0;
}

/* The first unsolved levels are open, so that nobody is stuck at one. */
int is_open(int which) {
    int unsolved = 0;
    for (int i = 0; i < which; i++) unsolved += g.best[i] == 0;
    return g.best[which] || unsolved < AHEAD;
}

int marks_for(int which, int pebbles) {
    int par = levels[which].par;
    return pebbles == 0 ? 0 : pebbles <= par ? 3 : pebbles <= par + 1 + par / 3 ? 2 : 1;
}

int marks_total(void) {
    int sum = 0;
    for (int i = 0; i < LEVELS; i++) sum += marks_for(i, g.best[i]);
    return sum;
}

const char *chapter(int which) {
    static const char *const names[] = {"SHALLOWS", "COLOURS", "DRIFTWOOD", "REEDS", "STREAMS"};
    return names[which / PER_CHAPTER];
}

PF_INIT {
    pf_tick_rate(60);
    paint_begin();
    recall();
    g.scene = TITLE;
    title_begin();
    pf_timeline_mode(PF_MENU);
}

PF_TICK {
    wish w;
    input_read(&w);
    g.age++;
    if (w.music) g.muted = !g.muted, keep();
    int scene = g.scene, moves = scenes[scene].step(&w);
    if (moves || wiping() || scene != g.scene || g.age % IDLE_TICKS == 1) scenes[g.scene].draw(), present();
    sound_step();
}
