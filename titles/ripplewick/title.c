/* The first picture: a lake by night, the name and what the water makes of it, lanterns, and a ripple now and then. */
#include "game.h"

enum { NAME_Y = 62, NAME_STEP = 18, WATERLINE = 90, RING_EVERY = 300, RING_TICKS = 110 };
static const char name[] = "RIPPLEWICK";

static int ring_x, ring_y;

void title_begin(void) {
    shore_open();
    ring_x = W / 2, ring_y = 150;
}

int title_step(const wish *w) {
    int turn = g.age % RING_EVERY;
    if (turn == 1 && g.age > RING_EVERY) ring_x = 70 + (int)(hash(g.age, 5) % 180), ring_y = 120 + (int)(hash(g.age, 6) % 60);
    if (turn == 1 && g.age > 1) sfx(SFX_PLOP, -7);
    if (w->menu) return 1;
    if ((w->ended || w->ok) && g.age > 12) {
        int fresh = marks_total() == 0;
        sfx(SFX_OK, 0);
        if (fresh) g.level = 0;
        go(fresh ? POND : MAP, w->ended ? w->x : W / 2, w->ended ? w->y : 140);
    }
    return g.age % (turn < RING_TICKS ? 2 : 4) == 0;
}

/* ---- the picture */

static int lantern_x(int which) { return 82 + 52 * which + pf_sin8(g.age / 3 + which * 60) / 12 + (which == 1) * 6; }
static int lantern_y(int which) { return 146 + (which & 1) * 22 + pf_cos8(g.age / 4 + which * 90) / 24 - (which == 3) * 8; }
static int lantern_kind(int which) { return which == 1 ? ROSE : which == 3 ? JADE : GOLD; }

static void light(void) {
    int turn = g.age % RING_EVERY;
    light_clear();
    for (int i = 0; i < 4; i++) glow(lantern_x(i), lantern_y(i), 40, 42, lantern_kind(i));
    glow(W / 2, NAME_Y + 6, 120, 14, PLAIN);
    if (turn < RING_TICKS) ring(ring_x, ring_y, turn * 3 / 2, 256 - turn * 256 / RING_TICKS, 0);
}

static void letter_dot(int x, int y, int row, int size) {
    static const uint8_t shade[7] = {4, 4, 3, 3, 2, 2, 1};
    pf_rect(&screen, x, y, size, size, (uint32_t)tint_ink(GOLD, shade[row]));
}

/* The name, and upside down below the waterline what the ripples leave of it. */
static void draw_name(void) {
    int x0 = W / 2 - 10 * NAME_STEP / 2 + 2;
    for (int k = 0; k < 10; k++)
        for (int i = 0; i < 35; i++) {
            if (!(pf_glyph(name[k])[i % 5] >> (i / 5) & 1)) continue;
            int row = i / 5, x = x0 + k * NAME_STEP + i % 5 * 3, y = NAME_Y + row * 3;
            pf_rect(&screen, x, y + 2, 3, 3, BLACK);
            for (int py = 0; py < 3; py++) {
                int deep = WATERLINE - y + 2 - py, ry = WATERLINE + deep, sway = pf_sin8(g.age * 2 + ry * 14) * deep / 2200;
                for (int px = 0; px < 3; px++)
                    if ((x + px + ry) & 1 && (deep < 20 || ry & 1)) pf_dot(&screen, x + px + sway, ry, (uint32_t)tint_ink(GOLD, deep < 22 ? 1 : 0));
            }
        }
    for (int k = 0; k < 10; k++)
        for (int i = 0; i < 35; i++)
            if (pf_glyph(name[k])[i % 5] >> (i / 5) & 1) letter_dot(x0 + k * NAME_STEP + i % 5 * 3, NAME_Y + i / 5 * 3, i / 5, 3);
}

void title_draw(void) {
    static const int order[4] = {0, 2, 3, 1};
    light();
    shine();
    fireflies();
    art_lily(60, 178, GOLD, 0), art_leaf(262, 128, 11, 1), art_lily(244, 190, ROSE, 0), art_leaf(44, 132, 9, 1), art_leaf(160, 196, 10, 2);
    draw_name();
    for (int i = 0; i < 4; i++) art_lantern(lantern_x(order[i]), lantern_y(order[i]), lantern_kind(order[i]), (g.age / 20 + order[i]) % 2);
    if (g.age / 40 % 4) label_centred(W / 2, 214, g.device == PAD ? "PRESS A" : g.device == KEYS ? "PRESS ENTER" : "TAP TO PLAY", ICE, 1);
}
