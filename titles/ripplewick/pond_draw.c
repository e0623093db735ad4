/* A pond on the screen: its light, what is in it, where a pebble would carry things, and the column of buttons. */
#include "pond.h"

/* ---- light */

static void light_things(void) {
    for (int i = 0; i < here.pond.count; i++) {
        int x, y, kind = here.pond.kind[i], lit = here.lit >> i & 1;
        thing_at(i, &x, &y);
        if (kind != WOOD && y > -40) glow(x, y, lit ? 46 : 32, lit ? 54 : 40, kind);
    }
    for (int cell = 0; cell < CELLS; cell++)
        if (here.pond.lily[cell] >= 0) glow(middle_x(cell), middle_y(cell), 20, 16, here.pond.lily[cell]);
}

static void light_arms(void) {
    static const int dx[4] = {1, 0, -1, 0}, dy[4] = {0, 1, 0, -1};
    int lanes[4], x = middle_x(here.aim), y = middle_y(here.aim), half = CELL / 2 - 2;
    arm_lengths(here.aim, lanes);
    lift(x - half, y - half, 2 * half, 2 * half, 20);
    for (int k = 0; k < 4; k++)
        for (int d = 1; d <= lanes[k]; d++) {
            int power = d == REACH ? 24 : 14;
            lift(x + dx[k] * d * CELL - half, y + dy[k] * d * CELL - half, 2 * half, 2 * half, power);
        }
}

static void light_ripple(void) {
    int fade = 256 - pf_max(here.tick - 30, 0) * 12;
    ring(middle_x(here.cell), middle_y(here.cell), crest(here.tick), fade, here.lanes);
}

/* ---- what is in it */

static void draw_ground(void) {
    for (int cell = 0; cell < CELLS; cell++) {
        int x = middle_x(cell), y = middle_y(cell), what = here.pond.ground[cell];
        if (what == ROCK) art_rock(x, y, cell);
        if (what >= STREAM_RIGHT) art_flow(x, y, what - STREAM_RIGHT, g.age / 6 % 15);
        if (what == REEDS) art_reeds(x, y, cell, 0);
    }
    for (int cell = 0; cell < CELLS; cell++) {
        int who = floating(&here.pond, &here.now, cell);
        if (here.pond.lily[cell] >= 0) art_lily(middle_x(cell), middle_y(cell), here.pond.lily[cell], who >= 0 && here.lit >> who & 1);
    }
}

static void draw_thing(int which) {
    int x, y, kind = here.pond.kind[which], slow = g.age + which * 37;
    thing_at(which, &x, &y);
    if (here.state < RISE) y += slow / 54 % 2;
    if (kind == WOOD) art_wood(x, here.state >= RISE ? middle_y(here.now.at[which]) : y);
    else if (y > -20) art_lantern(x, y, kind, (slow / 18 % 3 == 0) + (here.lit >> which & 1));
}

static void draw_things(void) {
    int order[FLOATS], count = here.pond.count;
    for (int i = 0; i < count; i++) { /* from the back to the front */
        int k = i, x, y, other;
        thing_at(i, &x, &y);
        for (; k > 0 && (thing_at(order[k - 1], &x, &other), other > y); k--) order[k] = order[k - 1];
        order[k] = i;
    }
    for (int i = 0; i < count; i++) draw_thing(order[i]);
    for (int cell = 0; cell < CELLS; cell++)
        if (here.pond.ground[cell] == REEDS) art_reeds(middle_x(cell), middle_y(cell), cell, 1);
}

/* ---- what a pebble would do */

static void dots(int from, int to) {
    int x0 = middle_x(from), y0 = middle_y(from), x1 = middle_x(to), y1 = middle_y(to);
    int n = pf_max(pf_max(x1 - x0, x0 - x1), pf_max(y1 - y0, y0 - y1));
    for (int i = 12; i < n - 8; i += 4) pf_rect(&screen, x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n, 2, 2, ICE);
}

static void draw_ahead(void) {
    int x = middle_x(here.aim), y = middle_y(here.aim);
    if (can_drop(&here.pond, &here.now, here.aim)) {
        const drift *d = &here.ahead;
        for (int i = 0; i < here.pond.count; i++)
            for (int s = 0; s + 1 < d->stages; s++) dots(d->stage[s].at[i], d->stage[s + 1].at[i]);
        for (int i = 0; i < here.pond.count; i++) {
            int to = d->stage[d->stages - 1].at[i];
            if (to != here.now.at[i]) art_ghost(middle_x(to), middle_y(to), here.pond.kind[i]);
        }
        art_pebble(x, y);
    }
    if (g.device == MOUSE || g.device == TOUCH) return;
    for (int k = 0; k < 4; k++) { /* the corners of the cursor */
        int cx = x + (k & 1 ? 13 : -14), cy = y + (k & 2 ? 13 : -14), in = k & 1 ? -5 : 0, up = k & 2 ? -5 : 0;
        pf_rect(&screen, cx + in, cy, 6, 1, WHITE), pf_rect(&screen, cx, cy + up, 1, 6, WHITE);
    }
}

static void draw_fall(void) {
    int left = FALL_TICKS - here.tick, x = middle_x(here.cell), y = middle_y(here.cell);
    pf_rect(&screen, x - 2, y + 2, 5, 1, BLACK);
    art_pebble(x + left, y - left * left / 3);
}

/* Shows where to begin, where a level has something to teach. */
static void draw_lesson(void) {
    const level *l = &levels[g.level];
    if (!l->caption || l->par > 2 || here.pebbles || here.state != AIM) return;
    int r = 4 + g.age / 6 % 10, x = middle_x(l->first), y = middle_y(l->first);
    pf_circle(&screen, x, y, r, r > 10 ? MIST : WHITE);
    pf_circle(&screen, x, y, pf_max(r - 6, 1), ICE);
}

/* ---- around it */

static void draw_button(int which, int icon, const char *pad, const char *key) {
    int x = SIDE + 2, y = BUTTON_Y + which * BUTTON_STEP, on = here.button == which, dim = which != BUTTON_MAP && here.moments == 0;
    panel(x, y, 60, BUTTON_H, on ? DUSK : NIGHT, on ? WHITE : DUSK);
    const char *name = g.device == PAD ? pad : g.device == KEYS ? key : 0;
    art_icon(x + 30, y + (name ? 13 : 19), icon, on ? WHITE : dim ? DUSK : ICE);
    if (name) pf_text_centred(&screen, x + 31, y + 25, name, MIST, 1);
}

static void draw_column(void) {
    char text[16];
    int x = SIDE + 32, marks = marks_for(g.level, pf_max(here.pebbles, 1));
    pf_rect(&screen, SIDE - 3, 0, W - SIDE + 3, H, DEEP);
    pf_rect(&screen, SIDE - 3, 0, 1, H, NIGHT);
    say(text, "", g.level + 1);
    label_centred(x + 1, 12, text, WHITE, 3);
    pf_text_centred(&screen, x, 39, chapter(g.level), MIST, 1);
    say(text, "", here.pebbles);
    int wide = 12 + pf_text_width(text, 2);
    art_pebble(x - wide / 2 + 3, 62);
    label(x - wide / 2 + 12, 55, text, ICE, 2);
    for (int i = 0; i < 3; i++) art_star(x - 16 + 16 * i, 82, marks > i);
    say(text, g.best[g.level] ? "BEST " : "PAR ", g.best[g.level] ? g.best[g.level] : levels[g.level].par);
    pf_text_centred(&screen, x, 94, text, MIST, 1);
    draw_button(BUTTON_UNDO, ICON_UNDO, "B", "X");
    draw_button(BUTTON_RESTART, ICON_RESTART, "Y", "R");
    draw_button(BUTTON_MAP, ICON_MAP, "START", "ESC");
}

static const char *praise(int stars) {
    int all = g.level + 1 == LEVELS;
    for (int i = 0; i < LEVELS; i++) all &= g.best[i] != 0;
    return all ? "LAKE ALIGHT" : stars == 3 ? "PERFECT" : "ALL LIT";
}

static void draw_done(void) {
    int slide = 120 - ease(here.tick, 16, 120), x = LEFT + 40, y = TOP + 46 - slide, stars = marks_for(g.level, here.pebbles);
    char text[24];
    panel(x, y, 160, 112, DEEP, DUSK);
    label_centred(x + 81, y + 11, praise(stars), tint_ink(GOLD, 3), 2);
    for (int i = 0; i < 3; i++) {
        int shown = i < stars && here.tick >= STAR_TICKS * (i + 1), cx = x + 48 + 32 * i, pop = pf_max(0, STAR_TICKS * (i + 1) + 6 - here.tick);
        art_star(cx, y + 42 - (shown && pop < 7 ? pop : 0), shown);
        if (shown && pop < 7) pf_circle(&screen, cx, y + 42, 12 - pop, tint_ink(GOLD, 3));
    }
    say(text, here.pebbles == 1 ? "PEBBLE " : "PEBBLES ", here.pebbles);
    pf_text_centred(&screen, x + 80, y + 59, here.record ? "YOUR BEST YET" : text, MIST, 1);
    panel(x + 40, y + 74, 80, 30, NIGHT, ICE);
    art_icon(x + 80, y + 89, ICON_NEXT, WHITE);
}

void pond_draw(void) {
    light_clear();
    light_things();
    if (here.aim >= 0 && can_drop(&here.pond, &here.now, here.aim)) light_arms();
    if (here.state == RIPPLE) light_ripple();
    shine();
    fireflies();
    draw_ground();
    draw_things();
    if (here.aim >= 0) draw_ahead();
    if (here.state == FALL) draw_fall();
    draw_lesson();
    draw_column();
    if (levels[g.level].caption && here.state != DONE) label_centred(LEFT + COLS * CELL / 2, H - 11, levels[g.level].caption, ICE, 1);
    if (here.state == DONE) draw_done();
}
