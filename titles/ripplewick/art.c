/* The things of the pond, drawn by rule: shapes from widths and distances, shades from where the light falls. Each colour
 * of lantern has a shape of its own, and so has its lily, so that nobody needs to tell the colours apart. */
#include "game.h"

enum { BODY = 11 };
static const uint8_t half_width[COLOURS][BODY] = {
    [GOLD] = {3, 5, 6, 7, 7, 7, 7, 7, 6, 5, 3},
    [ROSE] = {5, 5, 6, 6, 6, 6, 6, 6, 6, 5, 5},
    [JADE] = {1, 2, 4, 5, 6, 7, 6, 5, 4, 2, 1},
};

static void dot(int x, int y, int colour) { pf_dot(&screen, x, y, (uint32_t)colour); }
static void bar(int x, int y, int w, int h, int colour) { pf_rect(&screen, x, y, w, h, (uint32_t)colour); }

/* ---- what floats */

static void raft(int x, int y) {
    bar(x - 7, y, 15, 3, WOODS), bar(x - 5, y + 3, 11, 1, WOODS), bar(x - 6, y, 13, 1, WOODS + 2), bar(x - 5, y + 1, 11, 1, WOODS + 1);
}

void art_lantern(int x, int y, int kind, int flame) {
    int top = y - 9;
    raft(x, y + 3);
    for (int row = 0; row < BODY; row++) {
        int wide = half_width[kind][row], dy = row - 6;
        for (int dx = -wide; dx <= wide; dx++) {
            int far = dx * dx + dy * dy * 3 / 2, edge = dx == -wide || dx == wide;
            int shade = edge ? 1 : far < 7 + flame * 3 ? 4 : far < 26 + flame * 4 ? 3 : 2;
            if (kind == ROSE && (dx == 2 || dx == -2) && shade < 4) shade--;
            if (kind == GOLD && (row == 2 || row == 8) && shade > 1 && shade < 4) shade--;
            dot(x + dx, top + row, tint_ink(kind, shade));
        }
    }
    int cap = half_width[kind][0];
    bar(x - cap, top - 1, 2 * cap + 1, 1, WOODS + 1), bar(x - 1, top - 2, 3, 1, WOODS + 2);
    bar(x - cap, top + BODY, 2 * cap + 1, 1, WOODS);
}

void art_ghost(int x, int y, int kind) {
    if (kind == WOOD) {
        for (int i = 0; i < 22; i++)
            if (i & 1) dot(x - 11 + i, y - 5, WOODS + 3), dot(x - 11 + i, y + 5, WOODS + 3);
        for (int i = -4; i < 5; i += 2) dot(x - 11, y + i, WOODS + 3), dot(x + 11, y + i, WOODS + 3);
        return;
    }
    for (int row = 0; row < BODY; row++) {
        int wide = half_width[kind][row];
        for (int dx = -wide; dx <= wide; dx++)
            if (dx == wide || dx == -wide || row == 0 || row == BODY - 1 || ((dx + row) & 3) == 0) dot(x + dx, y - 9 + row, tint_ink(kind, 3));
    }
}

void art_wood(int x, int y) {
    for (int dy = -5; dy <= 5; dy++)
        for (int dx = -12; dx <= 12; dx++) {
            int off = dx > 8 ? dx - 8 : dx < -8 ? -8 - dx : 0;
            if (off * off * 2 + dy * dy > 26) continue;
            int shade = dy < -3 ? 3 : dy < 1 ? 2 : dy < 4 ? 1 : 0;
            if (shade == 2 && (hash(dx / 3 + 9, dy + 9) & 7) == 0) shade = 1;
            dot(x + dx, y + dy, WOODS + shade);
        }
    for (int dy = -3; dy <= 3; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            int far = dx * dx * 2 + dy * dy;
            if (far <= 11) dot(x + 9 + dx, y + dy, far < 2 ? WOODS + 1 : far < 6 ? WOODS + 3 : far < 9 ? WOODS + 2 : WOODS + 3);
        }
}

/* ---- what stays */

/* A lily's leaf, notched towards the lower right. */
void art_leaf(int x, int y, int r, int shade) {
    for (int dy = -r; dy <= r; dy++)
        for (int dx = -r; dx <= r; dx++) {
            int far = dx * dx + dy * dy * 5 / 4;
            if (far > r * r || (dx > 1 && dy > 0 && dx * 2 > dy && dy * 2 > dx)) continue;
            int vein = dx == 0 || dy == 0 || dx == dy || dx == -dy, edge = far > (r - 2) * (r - 2);
            int lit = edge && dx + dy < 0 ? shade + 1 : vein && far > 9 ? shade - 1 : shade;
            dot(x + dx, y + dy, LEAVES + pf_clamp(lit, 0, 4));
        }
    for (int dx = -r / 2; dx <= r / 2 - 1; dx++) dot(x + dx, y + r * 9 / 10 + 1, BLACK);
}

/* The outline of a kind's shape, `r` wide. */
static int on_emblem(int kind, int dx, int dy, int r) {
    int ax = dx < 0 ? -dx : dx, ay = dy < 0 ? -dy : dy;
    int far = kind == GOLD ? (int)(__builtin_sqrtf((float)(ax * ax + ay * ay)) + 0.5f) : kind == ROSE ? pf_max(ax, ay) + 1 : (ax + ay) * 3 / 4;
    return far == r ? 2 : far == r - 1 ? 1 : 0;
}

void art_lily(int x, int y, int kind, int lit) {
    art_leaf(x, y, 13, lit ? 3 : 2);
    for (int dy = -11; dy <= 11; dy++)
        for (int dx = -11; dx <= 11; dx++) {
            int on = on_emblem(kind, dx, dy, 9);
            if (on) dot(x + dx, y + dy, tint_ink(kind, on == 2 ? (lit ? 4 : 2) : (lit ? 3 : 1)));
        }
    if (lit) return;
    for (int k = 0; k < 8; k++) dot(x + pf_cos8(k * 32) * 3 / 127, y + pf_sin8(k * 32) * 3 / 127, tint_ink(kind, 2));
    dot(x, y, tint_ink(kind, 3));
}

void art_rock(int x, int y, int seed) {
    for (int dy = -12; dy <= 12; dy++)
        for (int dx = -14; dx <= 14; dx++) {
            int knob = (int)(hash(seed, 3) & 7) - 4, far = dx * dx * 100 / 182 + dy * dy * 100 / 132 + dx * dy * knob / 12;
            int rough = (int)(hash(seed * 7 + dx / 3 + 20, dy / 3 + 20) & 15);
            if (far > 92 + rough / 2) continue;
            int high = 64 - far / 3 - dx - dy * 3 + rough, shade = far > 80 && dy > 2 ? 0 : high > 86 ? 4 : high > 66 ? 3 : high > 42 ? 2 : 1;
            dot(x + dx, y + dy, ROCKS + shade);
        }
    for (int dx = -10; dx <= 10; dx += 2) dot(x + dx, y + 13 - dx * dx / 24, DUSK);
}

void art_reeds(int x, int y, int seed, int front) {
    for (int k = 0; k < 7; k++) {
        int bx = x - 12 + k * 4 + (int)(hash(seed, k) & 1), by = y + (front ? 13 : 4) - (int)(hash(seed, k + 9) & 3);
        int tall = (front ? 9 : 15) + (int)(hash(seed, k + 19) % 5), lean = (int)(hash(seed, k + 29) % 5) - 2;
        if (front && k % 2 == 0) continue;
        for (int i = 0; i < tall; i++) dot(bx + lean * i * i / (tall * tall), by - i, LEAVES + pf_min(1 + i * 4 / tall, 4));
        if (k % 3 == 1 && !front) bar(bx + lean - 1, by - tall - 2, 2, 5, WOODS + 2), bar(bx + lean - 1, by - tall - 2, 1, 5, WOODS + 3);
        dot(bx - 1, by, LEAVES + 1), dot(bx + 1, by, LEAVES + 1);
    }
}

/* Chevrons that travel along a stream; `phase` 0 to 14. */
void art_flow(int x, int y, int direction, int phase) {
    static const int dx[4] = {1, 0, -1, 0}, dy[4] = {0, 1, 0, -1};
    int fx = dx[direction], fy = dy[direction];
    for (int k = 0; k < 2; k++) {
        int along = (phase + k * 15) % 30 - 15, faint = along < -11 || along > 10;
        for (int side = -6; side <= 6; side++) {
            int back = along - (side < 0 ? -side : side) + 3;
            if (back < -15 || back > 14 || (faint && side & 1)) continue;
            int px = x + fx * back - fy * side, py = y + fy * back + fx * side;
            dot(px, py, MIST), dot(px - fx, py - fy, DUSK);
        }
    }
}

/* ---- signs */

static void stamp(int x, int y, int w, int h, const char *rows, int colour) {
    for (int i = 0; i < w * h; i++)
        if (rows[i] == '#') dot(x + i % w, y + i / w, colour);
}

void art_star(int x, int y, int on) {
    static const char star[] = "....#...."
                               "....#...."
                               "...###..."
                               "#########"
                               ".#######."
                               "..#####.."
                               "..#####.."
                               ".###.###."
                               ".#.....#.";
    stamp(x - 4, y - 3, 9, 9, star, BLACK);
    stamp(x - 4, y - 4, 9, 9, star, on ? tint_ink(GOLD, 2) : DUSK);
    if (on) bar(x, y - 3, 1, 4, tint_ink(GOLD, 4)), bar(x - 2, y - 1, 4, 1, tint_ink(GOLD, 3));
}

void art_pebble(int x, int y) {
    bar(x - 3, y - 2, 7, 5, ROCKS + 3), bar(x - 2, y - 3, 5, 7, ROCKS + 3);
    bar(x - 2, y - 2, 3, 2, ROCKS + 4), bar(x - 1, y + 2, 4, 1, ROCKS + 2), bar(x + 3, y - 1, 1, 3, ROCKS + 2);
}

void art_icon(int x, int y, int which, int colour) {
    static const char *const icons[] = {
        [ICON_UNDO] = "...#......."
                      "..##......."
                      ".########.."
                      "##########."
                      ".####...###"
                      "..##.....##"
                      "...#.....##"
                      "........###"
                      "...#######."
                      "...######..",
        [ICON_RESTART] = "....####.#."
                         "..#######.."
                         ".###..####."
                         "###..#####."
                         "##........."
                         "##.......##"
                         "###.....###"
                         ".###...###."
                         "..#######.."
                         "....###....",
        [ICON_MAP] = ".###...###."
                     "#####.#####"
                     "#####.#####"
                     ".###...###."
                     "..........."
                     "..........."
                     ".###...###."
                     "#####.#####"
                     "#####.#####"
                     ".###...###.",
        [ICON_NEXT] = "..##......."
                      "..####....."
                      "..######..."
                      "..########."
                      "..#########"
                      "..#########"
                      "..########."
                      "..######..."
                      "..####....."
                      "..##.......",
        [ICON_SOUND] = "....#......"
                       "...##...#.."
                       "..###.#..#."
                       "#####..#.#."
                       "#####..#.#."
                       "#####..#.#."
                       "#####..#.#."
                       "..###.#..#."
                       "...##...#.."
                       "....#......",
        [ICON_MUTE] = "....#......"
                      "...##......"
                      "..###.#...#"
                      "#####..#.#."
                      "#####...#.."
                      "#####...#.."
                      "#####..#.#."
                      "..###.#...#"
                      "...##......"
                      "....#......"};
    stamp(x - 5, y - 4, 11, 10, icons[which], BLACK);
    stamp(x - 5, y - 5, 11, 10, icons[which], colour);
}
