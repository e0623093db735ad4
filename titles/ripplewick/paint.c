/* The picture: light on water, and what of it has to travel.
 *
 * Every pixel of the ground is a brightness. Lanterns and ripples add to it, an ordered dither turns the sum into one of
 * twelve shades, and the nearest lantern chooses between four ramps of the same water: by night, in gold, rose or jade
 * light. What was drawn is compared with what is shown, and only tiles that differ are sent. */
#include "game.h"

enum { TILE = 16, WIPE_TICKS = 26 };

static uint8_t pixels[W * H], shown[W * H], before[W * H];
static int16_t light[W * H];
static uint8_t tint[W * H], strongest[W * H];
uint8_t ground[W * H];
pf_canvas screen = PF_CANVAS8(pixels, W, H);

static struct {
    int x, y, left; /* ticks until it is over */
} wipe;

/* Key colours, from the darkest to the brightest: water by colour of light (the last of them unlit), and land. */
static const uint32_t keys[5][6] = {
    {0x0a0c1e, 0x241f3a, 0x5c4244, 0xaa763a, 0xf4c45e, 0xfff4c8},
    {0x0a0b20, 0x261840, 0x5c2a5c, 0xa8476f, 0xf08ea0, 0xffe6e2},
    {0x061119, 0x0e2c38, 0x17554f, 0x2c8f6c, 0x83d895, 0xecfcd8},
    {0x060b1d, 0x0c1a38, 0x143258, 0x22587f, 0x5aa6bb, 0xd8f6f0},
    {0x04070d, 0x091317, 0x10211f, 0x1b3529, 0x355a39, 0x86a45c}};
static const uint32_t inks[] = {
    0x7a4a1c, 0xc9832f, 0xf6b94a, 0xffdf85, 0xfffbe0, /* gold */
    0x7a1f4e, 0xc23e6c, 0xf0728c, 0xffaeb4, 0xffeceb, /* rose */
    0x14564a, 0x2b9470, 0x5fd08c, 0xa9f2b0, 0xf0ffe8, /* jade */
    0x2a1a16, 0x523527, 0x86593a, 0xc08a58,           /* wood */
    0x141a26, 0x252f3f, 0x3c4a5c, 0x5d6e80, 0x8fa2ae, /* rock */
    0x0c2a24, 0x14443a, 0x1e624a, 0x34845a, 0x6cb878, /* leaves */
    0xffffff, 0xd3eef0, 0x8ea6b8, 0x4a6078, 0x16223c, 0x0b1328, 0x03050c};
_Static_assert(sizeof inks / sizeof *inks == ENDS - TINTS, "a colour for every name");

static uint32_t blend(uint32_t from, uint32_t to, int share) { /* share of 256 */
    uint32_t colour = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        int a = from >> shift & 255, b = to >> shift & 255;
        colour |= (uint32_t)(a + (b - a) * share / 256) << shift;
    }
    return colour;
}

void paint_begin(void) {
    uint32_t ramp[SHADES];
    pf_video_mode(W, H, PF_INDEXED);
    for (int r = 0; r < 5; r++) {
        for (int i = 0; i < SHADES; i++) {
            int at = i * 5 * 256 / (SHADES - 1), k = pf_min(at / 256, 4);
            ramp[i] = blend(keys[r][k], keys[r][k + 1], at - k * 256);
        }
        pf_video_palette(r * SHADES, SHADES, ramp);
    }
    pf_video_palette(TINTS, sizeof inks / sizeof *inks, inks);
}

/* ---- chance that is the same every time */

uint32_t hash(int x, int y) {
    uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca6bu ^ (uint32_t)g.level * 0xc2b2ae35u;
    h ^= h >> 15, h *= 0x2c1b3c6du, h ^= h >> 12;
    return h * 0x297a2d39u >> 16;
}

/* Smooth noise with a grain of `cell` pixels, 0 to 255. */
int noise(int x, int y, int cell) {
    int cx = x / cell, cy = y / cell, fx = x % cell * 256 / cell, fy = y % cell * 256 / cell;
    fx = fx * fx / 256 * (768 - 2 * fx) / 256, fy = fy * fy / 256 * (768 - 2 * fy) / 256;
    int a = hash(cx, cy) & 255, b = hash(cx + 1, cy) & 255, c = hash(cx, cy + 1) & 255, d = hash(cx + 1, cy + 1) & 255;
    int top = a + (b - a) * fx / 256, low = c + (d - c) * fx / 256;
    return top + (low - top) * fy / 256;
}

int ease(int at, int of, int way) {
    if (at >= of) return way;
    int left = (of - at) * 256 / of;
    return way * (65536 - left * left) / 65536;
}

/* ---- light */

void light_clear(void) {
    __builtin_memset(light, 0, sizeof light);
    __builtin_memset(tint, PLAIN, sizeof tint);
    __builtin_memset(strongest, 0, sizeof strongest);
}

void glow(int cx, int cy, int r, int power, int colour) {
    for (int y = pf_max(cy - r, 0); y <= pf_min(cy + r, H - 1); y++)
        for (int x = pf_max(cx - r, 0); x <= pf_min(cx + r, W - 1); x++) {
            int d = r * r - (x - cx) * (x - cx) - (y - cy) * (y - cy), i = y * W + x;
            if (d <= 0) continue;
            int share = d * 256 / (r * r), add = share * share / 256 * power >> 8;
            light[i] = (int16_t)(light[i] + add);
            int rival = strongest[i] + ((x ^ y) & 1) * 10 - 5; /* where two lights meet, they mingle */
            if (add > rival) strongest[i] = (uint8_t)pf_min(add, 255), tint[i] = (uint8_t)colour;
        }
}

/* How far inside one of the arms that a ripple reaches along a point lies, 0 (not at all) to 8. */
static int on_arm(int dx, int dy, const int lanes[4]) {
    int ax = dx < 0 ? -dx : dx, ay = dy < 0 ? -dy : dy, flat = ax > ay;
    int across = flat ? ay : ax, along = flat ? ax : ay, length = lanes[flat ? (dx < 0) * 2 : 1 + (dy < 0) * 2];
    int inside = pf_min(CELL / 2 - across, (length * CELL + CELL / 2 - along) / 2);
    return pf_clamp(inside, 0, 8);
}

void ring(int cx, int cy, int r, int power, int lanes[4]) {
    int out = r + 8;
    for (int y = pf_max(cy - out, 0); y <= pf_min(cy + out, H - 1); y++)
        for (int x = pf_max(cx - out, 0); x <= pf_min(cx + out, W - 1); x++) {
            int dx = x - cx, dy = y - cy, d2 = dx * dx + dy * dy;
            if (d2 > out * out || d2 < (r - 26) * (r - 26) * (r > 26)) continue;
            int off = (int)(__builtin_sqrtf((float)d2) * 4) - r * 4; /* quarter pixels outside the crest */
            int crest = 20 - (off < 0 ? -off : off), second = 14 - (off + 56 < 0 ? -off - 56 : off + 56);
            int high = pf_max(crest, 0) * 3 + pf_max(second, 0) * 2 - (off < -20 && off > -40) * 12;
            int share = lanes ? 5 + on_arm(dx, dy, lanes) : 12; /* strong along the arms, faint elsewhere */
            light[y * W + x] = (int16_t)(light[y * W + x] + high * power * share / 4096);
        }
}

void lift(int x, int y, int w, int h, int power) {
    for (int row = pf_max(y, 0); row < pf_min(y + h, H); row++)
        for (int col = pf_max(x, 0); col < pf_min(x + w, W); col++) {
            int edge = pf_min(pf_min(col - x, x + w - 1 - col), pf_min(row - y, y + h - 1 - row));
            light[row * W + col] = (int16_t)(light[row * W + col] + (edge > 3 ? power : power * (edge + 1) / 5));
        }
}

void shine(void) {
    static const uint8_t bayer[16] = {0, 4, 1, 5, 6, 2, 7, 3, 1, 5, 0, 4, 7, 3, 6, 2};
    for (int i = 0; i < W * H; i++) {
        int grain = bayer[(i / W & 3) * 4 + (i & 3)], base = ground[i];
        if (base >= LAND_BASE) {
            int bright = base - LAND_BASE + light[i] / 3 + grain;
            pixels[i] = (uint8_t)(4 * SHADES + pf_clamp(bright / STEP, 0, SHADES - 1));
        } else {
            int ramp = strongest[i] > 5 + grain * 2 ? tint[i] : PLAIN;
            pixels[i] = (uint8_t)(ramp * SHADES + pf_clamp((base + light[i] + grain) / STEP, 0, SHADES - 1));
        }
    }
}

/* ---- from one scene to the next */

void wipe_begin(int x, int y) {
    __builtin_memcpy(before, pixels, sizeof before);
    wipe.x = x, wipe.y = y, wipe.left = WIPE_TICKS;
}

int wiping(void) { return wipe.left > 0; }

static void wipe_draw(void) {
    int at = WIPE_TICKS - wipe.left--, r = 4 + at * at * 390 / (WIPE_TICKS * WIPE_TICKS) + at * 2;
    for (int i = 0; i < W * H; i++) {
        int dx = i % W - wipe.x, dy = i / W - wipe.y, d2 = dx * dx + dy * dy, in = r - 5;
        if (d2 > r * r) pixels[i] = before[i];
        else if (in > 0 && d2 > in * in && (i + i / W) & 1) pixels[i] = d2 > (r - 2) * (r - 2) ? MIST : DUSK;
    }
}

static int tile_differs(int x, int y) {
    for (int row = y; row < y + TILE; row++)
        for (int i = row * W + x; i < row * W + x + TILE; i++)
            if (pixels[i] != shown[i]) return 1;
    return 0;
}

void present(void) {
    int any = 0;
    if (wiping()) wipe_draw();
    for (int y = 0; y < H; y += TILE)
        for (int x = 0, from = -1; x <= W; x += TILE) {
            int differs = x < W && tile_differs(x, y);
            if (differs && from < 0) from = x;
            if (!differs && from >= 0) pf_video_dirty(from, y, x - from, TILE), from = -1, any = 1;
        }
    if (!any) return;
    pf_present(&screen);
    __builtin_memcpy(shown, pixels, sizeof shown);
}

/* ---- words */

void label(int x, int y, const char *text, int colour, int scale) {
    pf_text(&screen, x, y + scale, text, BLACK, scale);
    pf_text(&screen, x, y, text, (uint32_t)colour, scale);
}

void label_centred(int x, int y, const char *text, int colour, int scale) {
    label(x - pf_text_width(text, scale) / 2, y, text, colour, scale);
}

/* Writes words and a number, and returns where they end. */
char *say(char *to, const char *before, int value) {
    char digits[12], *d = pf_number(digits, value, 1);
    while (*before) *to++ = *before++;
    while (*d) *to++ = *d++;
    *to = 0;
    return to;
}

void panel(int x, int y, int w, int h, int face, int edge) {
    pf_rect(&screen, x + 1, y + 1, w - 2, h - 2, (uint32_t)face);
    pf_rect(&screen, x + 2, y, w - 4, 1, (uint32_t)edge), pf_rect(&screen, x + 2, y + h - 1, w - 4, 1, (uint32_t)edge);
    pf_rect(&screen, x, y + 2, 1, h - 4, (uint32_t)edge), pf_rect(&screen, x + w - 1, y + 2, 1, h - 4, (uint32_t)edge);
    pf_dot(&screen, x + 1, y + 1, (uint32_t)edge), pf_dot(&screen, x + w - 2, y + 1, (uint32_t)edge);
    pf_dot(&screen, x + 1, y + h - 2, (uint32_t)edge), pf_dot(&screen, x + w - 2, y + h - 2, (uint32_t)edge);
}
