/* The map: forty leaves on one lake. Solved ones carry light, so the lake brightens as one gets on. */
#include "game.h"

enum { COLUMNS = PER_CHAPTER, MAP_ROWS = LEVELS / PER_CHAPTER, STEP_X = 36, STEP_Y = 39, FIRST_X = 34, FIRST_Y = 42 };
enum { NOTHING = -1, SOUND = LEVELS };

static int cursor, pressed, unseen; /* cursor: a level or SOUND; unseen: the picture has yet to be drawn */

/* Rows go to and fro, as one would paddle. */
static int leaf_x(int which) {
    int row = which / COLUMNS, column = which % COLUMNS;
    return FIRST_X + STEP_X * (row & 1 ? COLUMNS - 1 - column : column);
}
static int leaf_y(int which) { return FIRST_Y + which / COLUMNS * STEP_Y + pf_sin8(leaf_x(which) * 3) / 36; }

static int leaf_at(int x, int y) {
    if (x > W - 44 && y < 26) return SOUND;
    for (int i = 0; i < LEVELS; i++) {
        int dx = x - leaf_x(i), dy = y - leaf_y(i) - 2;
        if (dx >= -STEP_X / 2 && dx < STEP_X / 2 && dy >= -STEP_Y / 2 && dy < STEP_Y / 2) return i;
    }
    return NOTHING;
}

/* ---- the player */

static void choose(int which) {
    if (which == SOUND) {
        g.muted = !g.muted;
        keep();
    } else if (!is_open(which)) {
        sfx(SFX_NO, 0);
        return;
    }
    sfx(SFX_OK, 0);
    if (which == SOUND) return;
    g.level = which;
    go(POND, leaf_x(which), leaf_y(which));
}

static void move(int dx, int dy) {
    int row = cursor == SOUND ? -1 : cursor / COLUMNS, x = cursor == SOUND ? COLUMNS - 1 : (leaf_x(cursor) - FIRST_X) / STEP_X;
    row = pf_clamp(row + dy, -1, MAP_ROWS - 1), x = pf_clamp(x + dx, 0, COLUMNS - 1);
    int to = row < 0 ? SOUND : row * COLUMNS + (row & 1 ? COLUMNS - 1 - x : x);
    if (to != cursor) sfx(SFX_TICK, 0);
    cursor = to;
}

void map_begin(void) {
    cursor = g.level, pressed = NOTHING, unseen = 1;
    shore_open();
}

int map_step(const wish *w) {
    int was = cursor, held = pressed, sound = g.muted, drawn = !unseen;
    unseen = 0;
    if (w->began || (w->hovers && !w->down)) {
        int at = leaf_at(w->x, w->y);
        if (w->began) pressed = at;
        if (at != NOTHING) cursor = at;
    }
    if (w->ended) {
        int at = leaf_at(w->x, w->y);
        if (at != NOTHING && at == pressed) choose(at);
        pressed = NOTHING;
    }
    if (g.scene != MAP) return 1;
    if (w->dx || w->dy) move(w->dx, w->dy);
    if (w->ok) choose(cursor);
    else if (w->menu) g.level = cursor == SOUND ? g.level : cursor, go(TITLE, W / 2, H / 2);
    return !drawn || was != cursor || held != pressed || sound != g.muted;
}

/* ---- the picture */

static void draw_way(void) {
    for (int i = 0; i + 1 < LEVELS; i++) {
        int x0 = leaf_x(i), y0 = leaf_y(i), x1 = leaf_x(i + 1), y1 = leaf_y(i + 1);
        for (int k = 1; k < 8; k++)
            pf_dot(&screen, x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8, g.best[i] ? tint_ink(GOLD, 2) : DUSK);
    }
}

static void draw_leaf(int which) {
    int x = leaf_x(which), y = leaf_y(which), open = is_open(which), marks = marks_for(which, g.best[which]);
    char text[8];
    art_leaf(x, y, which == cursor ? 14 : 12, pressed == which ? 4 : g.best[which] ? 3 : open ? 2 : 0);
    say(text, "", which + 1);
    if (open) label_centred(x + 1, y - 4, text, g.best[which] ? tint_ink(GOLD, 4) : ICE, 1);
    else pf_text_centred(&screen, x + 1, y - 4, text, LEAVES + 2, 1);
    for (int i = 0; i < 3 && g.best[which]; i++) {
        int sx = x - 6 + 6 * i, sy = y + 7 + (i == 1);
        pf_rect(&screen, sx - 1, sy, 3, 1, i < marks ? (uint32_t)tint_ink(GOLD, 2) : LEAVES + 1);
        pf_rect(&screen, sx, sy - 1, 1, 3, i < marks ? (uint32_t)tint_ink(GOLD, 3) : LEAVES + 1);
    }
    if (which == cursor) pf_circle(&screen, x, y, 16 + (g.age / 30 & 1), WHITE);
}

static void draw_head(void) {
    char marks[16];
    label(14, 8, "RIPPLEWICK", tint_ink(GOLD, 3), 1);
    say(say(marks, "", marks_total()), "/", 3 * LEVELS);
    art_star(W / 2 - 22, 11, 1);
    label(W / 2 - 12, 8, marks, ICE, 1);
    panel(W - 42, 2, 36, 20, cursor == SOUND ? DUSK : NIGHT, cursor == SOUND ? WHITE : DUSK);
    art_icon(W - 24, 12, g.muted ? ICON_MUTE : ICON_SOUND, ICE);
}

/* What the cursor is at. */
static void draw_foot(void) {
    if (cursor == SOUND) {
        label_centred(W / 2, H - 13, g.muted ? "MUSIC IS OFF" : "MUSIC IS ON", MIST, 1);
        return;
    }
    char text[48], *end = say(text, "", cursor + 1);
    *end++ = ' ';
    for (const char *c = chapter(cursor); *c; c++) *end++ = *c;
    *end = 0;
    if (g.best[cursor]) end = say(end, "  BEST ", g.best[cursor]);
    if (is_open(cursor)) say(end, "  PAR ", levels[cursor].par);
    label_centred(W / 2, H - 13, text, is_open(cursor) ? ICE : DUSK, 1);
}

void map_draw(void) {
    static const uint8_t colours[MAP_ROWS] = {GOLD, ROSE, GOLD, JADE, GOLD};
    light_clear();
    for (int i = 0; i < LEVELS; i++)
        if (g.best[i]) glow(leaf_x(i), leaf_y(i), 24, 14 + 8 * marks_for(i, g.best[i]), colours[i / PER_CHAPTER]);
    if (cursor < LEVELS) glow(leaf_x(cursor), leaf_y(cursor), 26, 26, PLAIN);
    shine();
    fireflies();
    draw_way();
    for (int i = 0; i < LEVELS; i++) draw_leaf(i);
    draw_head();
    draw_foot();
}
