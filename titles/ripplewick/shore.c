/* The ground of a scene: where water ends and how bright each pixel is without any light. */
#include "game.h"

/* Land at a cell, 0 or 256; all that lies outside the pond is land. */
static int land_at(const pond *p, int x, int y) {
    if (x < 0 || y < 0 || x >= COLS || y >= ROWS) return 256;
    return p->ground[y * COLS + x] == LAND ? 256 : 0;
}

/* How much land there is around a pixel, 0 to 256: 128 is the waterline. Between the middles of four cells it goes
 * smoothly from one to the next, so corners come out round. */
static int land(const pond *p, int px, int py) {
    int x = px - LEFT + CELL / 2 + CELL, y = py - TOP + CELL / 2 + CELL; /* one cell further, to stay positive */
    int cx = x / CELL - 2, cy = y / CELL - 2, fx = x % CELL * 256 / CELL, fy = y % CELL * 256 / CELL;
    int top = land_at(p, cx, cy) * (256 - fx) + land_at(p, cx + 1, cy) * fx;
    int low = land_at(p, cx, cy + 1) * (256 - fx) + land_at(p, cx + 1, cy + 1) * fx;
    return (top / 256 * (256 - fy) + low / 256 * fy) / 256;
}

static void plot(int x, int y, int bright) {
    if ((unsigned)x < W && (unsigned)y < H && ground[y * W + x] >= LAND_BASE) ground[y * W + x] = (uint8_t)(LAND_BASE + bright);
}

static int water_shade(int x, int y) { return 17 + noise(x, y, 44) / 18 + noise(x, y, 13) / 42; }

static int land_shade(int x, int y, int depth) { /* depth: 0 at the waterline to 128 */
    if (depth < 10) return 14;
    if (depth < 24) return 62 - noise(x, y, 7) / 12;
    return pf_max(46 - depth / 4, 22) - 6 + noise(x, y, 11) / 14;
}

static void tufts(void) {
    for (int i = 0; i < 520; i++) {
        int x = (int)(hash(i, 901) % W), y = (int)(hash(i, 902) % H), tall = 2 + (int)(hash(i, 903) & 3);
        if (noise(x, y, 30) < 90 || ground[y * W + x] < LAND_BASE) continue;
        for (int k = 0; k < tall; k++) plot(x, y - k, 44 + 8 * k), plot(x - 1 - k / 2, y - k, 36 + 6 * k), plot(x + 1 + k / 2, y - k, 36 + 6 * k);
    }
    for (int i = 0; i < 90; i++) {
        int x = (int)(hash(i, 911) % W), y = (int)(hash(i, 912) % H), bright = 76 + (int)(hash(i, 913) & 15);
        if (noise(x + 40, y, 26) < 128) continue;
        plot(x - 1, y, bright - 16), plot(x + 1, y, bright - 16), plot(x, y - 1, bright - 12), plot(x, y, bright + 6), plot(x, y + 2, 40);
    }
}

void shore_pond(const pond *p) {
    for (int i = 0; i < W * H; i++) {
        int x = i % W, y = i / W, depth = land(p, x, y) + noise(x, y, 9) / 9 - 142;
        if (depth > 0) {
            ground[i] = (uint8_t)(LAND_BASE + land_shade(x, y, depth));
            continue;
        }
        /* cells, told apart as softly as can be */
        int col = (x - LEFT + CELL) / CELL, row = (y - TOP + CELL) / CELL;
        int corner = (x - LEFT + CELL) % CELL == 0 && (y - TOP + CELL) % CELL == 0;
        ground[i] = (uint8_t)(water_shade(x, y) + ((col + row) & 1) * 5 + corner * 18 + (depth > -26) * 9 + (depth > -9) * 14);
    }
    tufts();
}

void shore_open(void) {
    for (int i = 0; i < W * H; i++) {
        int x = i % W, y = i / W, edge = pf_min(pf_min(x, W - 1 - x) + 3, pf_min(y, H - 1 - y) + 3);
        int depth = 96 - edge * 10 + noise(x, y, 26) / 3 + noise(x, y, 8) / 8 - 60;
        if (depth > 0) ground[i] = (uint8_t)(LAND_BASE + land_shade(x, y, depth));
        else ground[i] = (uint8_t)(water_shade(x, y) + (depth > -26) * 8 + (depth > -9) * 12);
    }
    tufts();
}

/* A few lights in the grass, so that a pond at rest is not a picture that hangs. */
void fireflies(void) {
    for (int k = 0; k < 6; k++) {
        int turn = g.age + k * 67, life = turn % 240, x = (int)(hash(turn / 240, 40 + k) % W), y = (int)(hash(turn / 240, 50 + k) % H);
        x += pf_sin8(turn * 2 / 3) / 32, y += pf_cos8(turn / 2) / 40 - life / 60;
        if (life > 130 || (unsigned)x >= W || (unsigned)y >= H || ground[y * W + x] < LAND_BASE) continue;
        pf_dot(&screen, x, y, (uint32_t)tint_ink(JADE, life < 24 || life > 100 ? 1 : 3));
    }
}
