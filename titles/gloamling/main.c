/* Gloamling: scenes and input. A spark flies loops of light around what flutters in a dark garden.
 *
 *   TITLE --start--> PLAY --night cleared--> CHOOSE --chosen--> PLAY ... --no hearts left--> OVER --> PLAY
 *
 * After the end one begins anew, or goes on with the night that was too long: with the lights grown so far, but no points.
 */
#include "game.h"

game g;

typedef struct {
    pf_pad pad;
    pf_keys keys;
    pf_pointer pointer;
    pf_touch touches[PF_TOUCHES];
    int fingers;
} device;

/* Whether the mouse, not the pad or the keys, says where to fly; and where the finger came down. */
static int by_mouse[SPARKS];

static vec stick(const device *d) {
    vec v = {(float)d->pad.lx / 32767, (float)d->pad.ly / 32767};
    if (length(v) < 0.22f) v = (vec){0, 0};
    int left = d->pad.held & PF_LEFT || pf_key_held(&d->keys, PF_KEY_LEFT) || pf_key_held(&d->keys, PF_KEY_A);
    int right = d->pad.held & PF_RIGHT || pf_key_held(&d->keys, PF_KEY_RIGHT) || pf_key_held(&d->keys, PF_KEY_D);
    int up = d->pad.held & PF_UP || pf_key_held(&d->keys, PF_KEY_UP) || pf_key_held(&d->keys, PF_KEY_W);
    int down = d->pad.held & PF_DOWN || pf_key_held(&d->keys, PF_KEY_DOWN) || pf_key_held(&d->keys, PF_KEY_S);
    v.x += (float)(right - left), v.y += (float)(down - up);
    float n = length(v);
    return n > 1 ? (vec){v.x / n, v.y / n} : v;
}

/* Flies to a place: full speed far from it, slower near. */
static vec to_place(int player, float x, float y) {
    vec way = sub((vec){x, y}, g.sparks[player].at);
    float n = length(way);
    if (n < 3) return (vec){0, 0};
    float share = n < 14 ? n / 14 : 1;
    return (vec){way.x / n * share, way.y / n * share};
}

/* What hints speak of. Keys press pad buttons too, so they are asked first. */
static void note_device(const device *d) {
    int keyed = 0;
    for (int i = 0; i < 32; i++) keyed |= d->keys.held[i] | d->keys.pressed[i];
    if (d->fingers) g.device = BY_TOUCH;
    else if (keyed) g.device = BY_KEYS;
    else if (d->pad.held || d->pad.lx || d->pad.ly) g.device = BY_PAD;
    else if (by_mouse[0]) g.device = BY_MOUSE;
}

static wish ask(int player) {
    device d;
    pf_input_pad(player, &d.pad);
    pf_input_keys(player, &d.keys);
    pf_input_pointer(player, &d.pointer);
    d.fingers = pf_min(pf_input_touches(player, d.touches, PF_TOUCHES), PF_TOUCHES);
    wish w = {.dir = stick(&d)};
    int mouse = player < SPARKS && (d.pointer.dx || d.pointer.dy || d.pointer.pressed);
    if (w.dir.x != 0 || w.dir.y != 0 || d.fingers) by_mouse[player] = 0;
    else if (mouse) by_mouse[player] = 1;
    if (d.fingers) w.dir = to_place(player, d.touches[0].x, d.touches[0].y);
    else if (by_mouse[player]) w.dir = to_place(player, d.pointer.x, d.pointer.y);
    if (player == 0) note_device(&d);
    w.ok = d.pad.pressed & (PF_A | PF_START) || pf_key_pressed(&d.keys, PF_KEY_Z) || pf_key_pressed(&d.keys, PF_KEY_SPACE) ||
           pf_key_pressed(&d.keys, PF_KEY_ENTER);
    w.dash = d.pad.pressed & (PF_A | PF_B | PF_R1) || pf_key_pressed(&d.keys, PF_KEY_Z) || pf_key_pressed(&d.keys, PF_KEY_X) ||
             pf_key_pressed(&d.keys, PF_KEY_SPACE) || d.pointer.pressed & PF_MOUSE_LEFT;
    for (int i = 0; i < d.fingers; i++) {
        if (!d.touches[i].began) continue;
        if (i > 0) w.dash = 1; /* a second finger dashes */
        w.tap = 1, w.tap_at = (vec){d.touches[i].x, d.touches[i].y};
    }
    if (d.pointer.pressed & PF_MOUSE_LEFT) w.tap = 1, w.tap_at = (vec){d.pointer.x, d.pointer.y};
    w.start = d.pad.pressed & PF_START || pf_key_pressed(&d.keys, PF_KEY_P) || pf_key_pressed(&d.keys, PF_KEY_ESCAPE);
    static float was[SPARKS]; /* a stick pushed once moves a choice once */
    float x = d.fingers || by_mouse[player] ? 0 : w.dir.x;
    w.left = x < -0.5f && was[player] >= -0.5f, w.right = x > 0.5f && was[player] <= 0.5f;
    was[player] = x;
    return w;
}

static void enter(int scene) {
    g.scene = scene, g.age = 0, g.paused = 0;
}

static void show_title(void) {
    enter(TITLE);
    g.night = 1;
    sparks_begin(), critters_begin(), effects_clear(), draw_garden(1);
    for (int i = 0; i < UPS; i++) g.up[i] = 0;
    song(SONG_TITLE);
    pf_timeline_mode(PF_MENU);
}

static void start(int player, int night) {
    g.score = g.shown = g.chain = g.chain_left = g.caught_total = g.best_loop = g.record = 0;
    for (int i = 0; i < UPS && night == 1; i++) g.up[i] = 0;
    sparks_begin();
    enter(PLAY);
    night_begin(night);
    spark_join(player);
}

static void end(void) {
    enter(OVER);
    g.cursor = g.night > 1; /* what most want: to go on */
    for (int i = 0; i < CRITTERS; i++)
        if (g.critters[i].kind >= 0) burst(g.critters[i].at, 6, 1, VIOLET);
    critters_begin();
    song(SONG_NONE);
    sfx(SFX_OVER, 0);
    g.record = g.score > g.best;
    g.best = pf_max(g.best, g.score), g.best_night = pf_max(g.best_night, g.night);
    int32_t keep[2] = {g.best, g.best_night};
    pf_save("best", keep, sizeof keep);
    pf_event("score", g.score);
    pf_timeline_mode(PF_OVER);
}

/* In the title a spark flies by itself, round and round with a drift. */
static void attract(void) {
    if (!g.sparks[0].here) spark_join(0), g.sparks[0].at = (vec){60, 100};
    spark *s = &g.sparks[0];
    s->unhurt = 2, s->hearts = 3;
    int turn = g.age % 420 < 300 ? g.age * 3 : g.age + 90;
    wish w = {.dir = heading(turn, 1)};
    if (s->at.x < 36 || s->at.x > W - 36 || s->at.y < 74 || s->at.y > H - 30) w.dir = to_place(0, W / 2, 112);
    spark_step(0, &w);
    if (g.age % 150 == 40) {
        critter *c = critter_add(chance(3) ? MOTH : SEED, (vec){(float)(50 + chance(140)), (float)(80 + chance(50))});
        if (c) c->stun = 0;
    }
    g.score = g.chain = 0;
    critters_step();
}

static void play(const wish *w) {
    for (int p = 0; p < SPARKS; p++) {
        if (w[p].start) g.paused = !g.paused, sfx(SFX_MOVE, 0), pf_timeline_mode(g.paused ? PF_MENU : PF_PLAYING);
        if (!g.sparks[p].here && (w[p].ok || w[p].dash) && !g.paused) spark_join(p);
    }
    if (g.paused) return;
    if (g.stop > 0) {
        g.stop--;
        return;
    }
    for (int p = 0; p < SPARKS; p++) spark_step(p, &w[p]);
    critters_step();
    effects_step();
    night_step();
    if (sparks_alive() == 0) {
        end();
    } else if (g.cleared > 150) {
        enter(CHOOSE);
        g.cursor = 1;
        offer_make();
    }
}

static void choose(const wish *w) {
    effects_step();
    if (g.age < 20) return;
    int taken = 0;
    for (int p = 0; p < SPARKS; p++) {
        int move = w[p].right - w[p].left;
        if (move) g.cursor = (g.cursor + move + 3) % 3, sfx(SFX_MOVE, 0);
        taken |= w[p].ok;
        for (int i = 0; i < 3; i++)
            if (w[p].tap && w[p].tap_at.x >= 6 + 77 * i && w[p].tap_at.x < 80 + 77 * i) g.cursor = i, taken = 1;
    }
    if (!taken) return;
    offer_take(g.cursor);
    sfx(SFX_OK, 0);
    enter(PLAY);
    night_begin(g.night + 1);
}

static void over(const wish *w, int begin) {
    effects_step();
    if (g.age > 60 * 60) show_title();
    if (g.age <= 70) return;
    for (int p = 0; p < SPARKS; p++) {
        int to = w[p].tap ? w[p].tap_at.x >= W / 2 : w[p].right ? 1 : w[p].left ? 0 : g.cursor;
        if (g.night > 1 && to != g.cursor) g.cursor = to, sfx(SFX_MOVE, 0);
    }
    if (begin) sfx(SFX_OK, 0), start(begin - 1, g.cursor ? g.night : 1);
    else if (w[0].start || w[1].start) show_title();
}

PF_INIT {
    pf_tick_rate(60);
    draw_begin();
    int32_t keep[2];
    if (pf_load("best", keep, sizeof keep) == sizeof keep) g.best = keep[0], g.best_night = keep[1];
    show_title();
}

PF_TICK {
    if (pf_tick_count() == 1) pf_rng_seed(&g.rng); /* no earlier: a start is the same for everybody, so it is run once */
    wish w[SPARKS];
    int begin = 0;
    for (int p = 0; p < SPARKS; p++) {
        w[p] = ask(p);
        if (w[p].ok || w[p].dash || w[p].tap) begin = p + 1;
    }
    g.age++;
    if (g.shake > 0) g.shake--;
    if (g.scene == TITLE) {
        attract(), effects_step();
        if (begin && g.age > 20) sfx(SFX_OK, 0), start(begin - 1, 1);
    } else if (g.scene == PLAY) play(w);
    else if (g.scene == CHOOSE) choose(w);
    else over(w, begin);
    g.shown += g.score > g.shown ? (g.score - g.shown + 7) / 8 : 0;
    draw();
    sound_step();
}
