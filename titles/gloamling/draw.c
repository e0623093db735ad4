/* The picture. The garden is a map of how bright each pixel is; sparks, their light and closed loops add to that, and
 * the sum, dithered, picks a shade of the night's ramp (colours 0 to 23). Everything else is drawn over it. */
#include "game.h"
#include "art.h"

enum { SHADES = 24, STEP = 8 }; /* brightness steps between two shades */

static uint8_t pixels[W * H], garden[W * H];
static uint8_t light[W * H];
static pf_canvas screen = PF_CANVAS8(pixels, W, H);

static const uint32_t inks[] = {0xffffff, 0xfff4c2, 0xffd23f, 0xff8c42, 0xf0435a, 0x8e1f3c, 0xff8fb1, 0xc13fbf, 0x7a4fe0, 0x4c8bf5,
                                0x5ce1e6, 0x1fa68a, 0x6bd968, 0xc6f25c, 0x5a3a2b, 0xc99b6a, 0x9aa0ba, 0x3a3d55, 0x07070f, 0xd6f3ff};
/* Key colours of a night's ramp, from the dark to the brightest light. */
static const uint32_t nights[5][6] = {
    {0x061018, 0x0b2a33, 0x125250, 0x2f8f6b, 0xb5d873, 0xfff8c0}, {0x0b0a1e, 0x1e1b4a, 0x45386f, 0x8a5486, 0xee9f5c, 0xfff0b4},
    {0x070a20, 0x0f2154, 0x1f4a8c, 0x3c86bb, 0x93dcd4, 0xfff7d8}, {0x140a12, 0x371522, 0x6c2e2b, 0xb25333, 0xee9f50, 0xffe9a8},
    {0x0f081e, 0x30144a, 0x6c2468, 0xba4880, 0xf698a4, 0xfff1d4}};

static int ink(char letter) {
    switch (letter) {
    case 'w': return WHITE; case 'i': return ICE; case 'T': return TAN; case 't': return BROWN; case 'c': return CREAM;
    case 'b': return BLUE; case 'C': return CYAN; case 'B': return SLATE; case 'r': return RED; case 'R': return WINE; case 's': return SLATE;
    case 'L': return LIME; case 'G': return TEAL; case 'g': return GREEN; case 'p': return PINK; case 'V': return VIOLET;
    case 'v': return MAGENTA; case 'm': return MAGENTA; case 'y': return YELLOW; case 'o': return ORANGE; case 'k': return BLACK;
    default: return -1;
    }
}

static void stamp(const art *a, float x, float y, int tint) {
    int left = (int)x - a->w / 2, top = (int)y - a->h / 2;
    for (int i = 0; i < a->w * a->h; i++) {
        int colour = ink(a->rows[i]);
        if (colour >= 0) pf_dot(&screen, left + i % a->w, top + i / a->w, (uint32_t)(tint >= 0 ? tint : colour));
    }
}

/* ---- the garden */

static uint32_t hash(int x, int y) {
    uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca6bu ^ (uint32_t)g.night * 0xc2b2ae35u;
    h ^= h >> 15, h *= 0x2c1b3c6du, h ^= h >> 12;
    return h * 0x297a2d39u >> 16;
}

/* Smooth noise with a grain of `cell` pixels, 0 to 255. */
static int noise(int x, int y, int cell) {
    int cx = x / cell, cy = y / cell, fx = x % cell * 256 / cell, fy = y % cell * 256 / cell;
    fx = fx * fx / 256 * (768 - 2 * fx) / 256, fy = fy * fy / 256 * (768 - 2 * fy) / 256;
    int a = hash(cx, cy) & 255, b = hash(cx + 1, cy) & 255, c = hash(cx, cy + 1) & 255, d = hash(cx + 1, cy + 1) & 255;
    int top = a + (b - a) * fx / 256, low = c + (d - c) * fx / 256;
    return top + (low - top) * fy / 256;
}

static void plot(int x, int y, int bright) {
    if ((unsigned)x < W && (unsigned)y < H) garden[y * W + x] = (uint8_t)pf_clamp(bright, 0, 255);
}

static void tuft(int x, int y, int tall) {
    for (int blade = -1; blade <= 1; blade++)
        for (int i = 0; i < tall - (blade ? 1 : 0); i++) plot(x + blade * (1 + i / 2), y - i, 46 + i * 9);
}

static void flower(int x, int y, int kind) {
    int bright = 74 + 10 * kind;
    plot(x, y + 1, 44), plot(x, y + 2, 40);
    plot(x - 1, y, bright), plot(x + 1, y, bright), plot(x, y - 1, bright), plot(x, y, bright + 30);
    if (kind > 1) plot(x - 1, y - 1, bright - 14), plot(x + 1, y - 1, bright - 14);
}

static void pond(int px, int py, int rx, int ry) {
    for (int y = -ry - 2; y <= ry + 2; y++)
        for (int x = -rx - 2; x <= rx + 2; x++) {
            int d = x * x * 256 / (rx * rx) + y * y * 256 / (ry * ry) + noise(px + x + 64, py + y + 64, 7) / 3;
            if (d < 290) plot(px + x, py + y, 9 + (d > 250) * 34 + ((hash(x / 5, y) & 31) == 0) * 36);
        }
}

/* Leaves of the hedge that frames the field. */
static void hedge(void) {
    for (int i = 0; i < W * H; i++) {
        int x = i % W, y = i / W, edge = pf_min(pf_min(x, W - 1 - x), pf_min(y - 11, H - 1 - y));
        int depth = edge * 14 - noise(x, y, 6) / 3 - noise(x + 90, y, 15) / 5;
        if (depth < -30) garden[i] = (uint8_t)(hash(x, y) & 7 ? 3 : 12);
        else if (depth < 0) garden[i] = (uint8_t)(8 + (noise(x, y, 5) > 150) * 13 + (hash(x, y) & 3));
    }
}

void draw_garden(int night) {
    uint32_t ramp[SHADES];
    const uint32_t *keys = nights[(night - 1) / 2 % 5];
    for (int i = 0; i < SHADES; i++) {
        int at = i * 5 * 256 / (SHADES - 1), k = pf_min(at / 256, 4), f = at - k * 256;
        uint32_t colour = 0;
        for (int shift = 0; shift < 24; shift += 8) {
            int a = keys[k] >> shift & 255, b = keys[k + 1] >> shift & 255;
            colour |= (uint32_t)(a + (b - a) * f / 256) << shift;
        }
        ramp[i] = colour;
    }
    pf_video_palette(0, SHADES, ramp);
    for (int i = 0; i < W * H; i++) {
        int x = i % W, y = i / W;
        garden[i] = (uint8_t)(24 + noise(x, y, 38) / 9 + noise(x, y, 12) / 26 + (hash(x, y) & 31) / 10);
    }
    if (night % 3 != 1) pond(50 + (int)(hash(1, 7) % 140), 60 + (int)(hash(2, 7) % 60), 22 + (int)(hash(3, 7) % 12), 12 + (int)(hash(4, 7) % 6));
    for (int i = 0; i < 420; i++) {
        int x = (int)(hash(i, 901) % W), y = (int)(hash(i, 902) % H);
        if (noise(x, y, 38) > 100) tuft(x, y, 2 + (int)(hash(i, 903) & 3));
    }
    for (int i = 0; i < 150; i++) {
        int x = (int)(hash(i, 911) % W), y = (int)(hash(i, 912) % H);
        if (noise(x + 40, y, 26) > 128) flower(x, y, (int)(hash(i, 913) & 3));
    }
    hedge();
}

void draw_begin(void) {
    pf_video_mode(W, H, PF_INDEXED);
    pf_video_palette(INK, sizeof inks / sizeof *inks, inks);
}

/* ---- light */

static void glow(float fx, float fy, int r, int power) {
    int cx = (int)fx, cy = (int)fy, rr = r * r;
    for (int y = pf_max(cy - r, 0); y <= pf_min(cy + r, H - 1); y++)
        for (int x = pf_max(cx - r, 0); x <= pf_min(cx + r, W - 1); x++) {
            int d = rr - (x - cx) * (x - cx) - (y - cy) * (y - cy);
            if (d <= 0) continue;
            int share = d * 256 / rr, add = share * share / 256 * power >> 8;
            light[y * W + x] = (uint8_t)pf_min(light[y * W + x] + add, 255);
        }
}

/* Fills a closed loop with light, row by row. */
static void fill(const flash *f) {
    int power = f->caught ? pf_min(f->life * 6, 130) : f->life * 3;
    for (int y = FIELD_Y0 - 2; y < H; y++) {
        int cuts[16], n = 0;
        float row = (float)y + 0.5f;
        for (int i = 0, j = f->count - 1; i < f->count && n < 16; j = i++)
            if ((f->at[i].y > row) != (f->at[j].y > row)) {
                int x = (int)((f->at[j].x - f->at[i].x) * (row - f->at[i].y) / (f->at[j].y - f->at[i].y) + f->at[i].x), k = n++;
                for (; k > 0 && cuts[k - 1] > x; k--) cuts[k] = cuts[k - 1];
                cuts[k] = x;
            }
        for (int k = 0; k + 1 < n; k += 2)
            for (int x = pf_max(cuts[k], 0); x < pf_min(cuts[k + 1], W); x++)
                light[y * W + x] = (uint8_t)pf_min(light[y * W + x] + power, 255);
    }
}

static void lights(void) {
    __builtin_memset(light, 0, sizeof light);
    for (int p = 0; p < SPARKS; p++) {
        spark *s = &g.sparks[p];
        if (!s->here || s->hearts <= 0) continue;
        glow(s->at.x, s->at.y, 44 + (pf_sin8(g.age * 5) >> 6), s->dash ? 120 : 88);
        glow(s->at.x, s->at.y, 12, 70);
        for (int i = 0; i < s->length; i += 3) glow(s->trail[i].x, s->trail[i].y, 9, 26);
    }
    for (int i = 0; i < FLASHES; i++)
        if (g.flashes[i].life > 0) fill(&g.flashes[i]);
    for (int i = 0; i < CRITTERS; i++) {
        critter *c = &g.critters[i];
        if (c->kind >= 0 && c->born <= 0) glow(c->at.x, c->at.y, c->kind == QUEEN ? 30 : 10, c->kind == QUEEN ? 60 : 30);
    }
    for (int i = 0; i < DROPS; i++)
        if (g.drops[i].life > 0) glow(g.drops[i].at.x, g.drops[i].at.y, 14, 60);
    for (int i = 0; i < DUST; i++)
        if (g.dust[i].life > 0) glow(g.dust[i].at.x, g.dust[i].at.y, 6, 40);
}

static void shine(int dx, int dy) {
    static const uint8_t bayer[16] = {0, 4, 1, 5, 6, 2, 7, 3, 1, 5, 0, 4, 7, 3, 6, 2};
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            int i = pf_clamp(y - dy, 0, H - 1) * W + pf_clamp(x - dx, 0, W - 1);
            int base = garden[i], lit = light[i];
            int bright = base + (lit * (base + 26) >> 6); /* what is bright takes more of the light */
            pixels[y * W + x] = (uint8_t)pf_min((bright + bayer[(y & 3) * 4 + (x & 3)]) / STEP, SHADES - 1);
        }
}

/* ---- what lives in it */

static void trails(int player) {
    const spark *s = &g.sparks[player];
    static const int hot[2][4] = {{ORANGE, YELLOW, CREAM, WHITE}, {TEAL, CYAN, ICE, WHITE}};
    for (int i = 1; i < s->length; i++) {
        int near = i * 4 / (s->length + 1), x = (int)s->trail[i].x, y = (int)s->trail[i].y;
        pf_line(&screen, (int)s->trail[i - 1].x, (int)s->trail[i - 1].y, x, y, (uint32_t)hot[player][near]);
        if (i > s->length - 12) pf_dot(&screen, x + (i & 1), y + (i >> 1 & 1), (uint32_t)hot[player][2]);
        if (((i * 7 + g.age / 3) & 31) == 0) pf_dot(&screen, x + 1, y - 1, WHITE), pf_dot(&screen, x - 1, y + 1, WHITE);
    }
    if (s->length > 2) pf_line(&screen, (int)s->trail[s->length - 1].x, (int)s->trail[s->length - 1].y, (int)s->at.x, (int)s->at.y, WHITE);
}

static void draw_spark(int player) {
    const spark *s = &g.sparks[player];
    if (!s->here || s->hearts <= 0) return;
    trails(player);
    if (s->unhurt > 0 && g.scene == PLAY && s->unhurt & 4) return;
    int x = (int)s->at.x, y = (int)s->at.y, up = s->flap >> 1 & 1, body = player ? CYAN : YELLOW;
    for (int side = -1; side <= 1; side += 2) {
        pf_dot(&screen, x + 2 * side, y - 1 - up, ICE), pf_dot(&screen, x + 3 * side, y - 2 - up, ICE);
        pf_dot(&screen, x + 3 * side, y - 1 - up, WHITE), pf_dot(&screen, x + 4 * side, y - 1 - 2 * up, ICE);
    }
    pf_rect(&screen, x - 1, y - 2, 3, 5, (uint32_t)body);
    pf_rect(&screen, x - 2, y - 1, 5, 3, (uint32_t)body);
    pf_rect(&screen, x - 1, y - 1, 3, 3, WHITE);
    if (s->rest == 0 && s->dash == 0 && (s->flap & 63) < 3) pf_circle(&screen, x, y, 5 + (s->flap & 31), TAN);
}

static void draw_critter(const critter *c) {
    static const art *const arts[KINDS] = {art_moth, art_gnat, art_beetle, art_seed, art_wasp, art_snuffer, art_thorn, &art_queen};
    if (c->born > 0) { /* a ring closes in on where it will be */
        int r = c->born / 4;
        pf_circle(&screen, (int)c->at.x, (int)c->at.y, r + 2, c->kind == THORN ? RED : g.age & 2 ? ICE : VIOLET);
        return;
    }
    int frame = c->kind == QUEEN ? 0 : c->kind == BEETLE ? c->shell == 0 : c->age / (c->kind == GNAT || c->kind == WASP ? 3 : 8) & 1;
    int tint = c->flash > 0 && c->flash & 2 ? WHITE : -1;
    float bob = (float)pf_sin8(c->age * 4 + c->phase) / 127;
    stamp(&arts[c->kind][frame], c->at.x + 1, c->at.y + 4 + (c->kind == QUEEN) * 5, 1); /* its shadow */
    stamp(&arts[c->kind][frame], c->at.x, c->at.y + bob, tint);
    if (c->stun > 0)
        for (int k = 0; k < 3; k++)
            pf_dot(&screen, (int)c->at.x + pf_cos8(g.age * 6 + k * 85) * 6 / 127, (int)c->at.y - 6 + pf_sin8(g.age * 6 + k * 85) * 2 / 127, YELLOW);
    if (c->kind == QUEEN)
        for (int k = 0; k < c->shell + 1; k++) pf_rect(&screen, (int)c->at.x - 2 * c->shell - 2 + 4 * k, (int)c->at.y + 12, 3, 2, k ? PINK : RED);
}

static void draw_motes(void) {
    for (int i = 0; i < MOTES; i++) {
        const mote *m = &g.motes[i];
        if (m->life <= 0) continue;
        int colour = m->life * 3 > m->full * 2 ? WHITE : m->colour;
        pf_dot(&screen, (int)m->at.x, (int)m->at.y, (uint32_t)colour);
        if (m->life * 2 > m->full) pf_dot(&screen, (int)m->at.x + 1, (int)m->at.y, (uint32_t)m->colour);
    }
    for (int i = 0; i < DUST; i++)
        if (g.dust[i].life > 0) {
            pf_disc(&screen, (int)g.dust[i].at.x, (int)g.dust[i].at.y, 2, MAGENTA);
            pf_dot(&screen, (int)g.dust[i].at.x, (int)g.dust[i].at.y, WHITE);
        }
    for (int i = 0; i < DROPS; i++) {
        const drop *d = &g.drops[i];
        if (d->life > 0 && (d->life > 120 || d->life & 4))
            stamp(d->kind ? &art_heart : &art_nectar, d->at.x, d->at.y + (float)pf_sin8(g.age * 4) / 80, -1);
    }
}

/* Text with a dark edge, readable on anything. */
static void label(int x, int y, const char *text, int colour, int scale) {
    for (int k = 0; k < 9; k++)
        if (k != 4) pf_text(&screen, x + (k % 3 - 1) , y + (k / 3 - 1), text, BLACK, scale);
    pf_text(&screen, x, y, text, (uint32_t)colour, scale);
}
static void label_centred(int x, int y, const char *text, int colour, int scale) {
    label(x - pf_text_width(text, scale) / 2, y, text, colour, scale);
}

static void draw_words(void) {
    for (int i = 0; i < WORDS; i++) {
        const words *w = &g.words[i];
        if (w->life <= 0) continue;
        int colour = w->life > 44 && w->life & 2 ? WHITE : w->colour;
        label_centred((int)w->at.x, (int)w->at.y - 3 * w->scale, w->text, colour, w->scale);
    }
}

/* ---- words and frames around it */

static void hud(void) {
    char digits[12];
    pf_rect(&screen, 0, 0, W, 11, BLACK);
    pf_text(&screen, 4, 2, pf_number(digits, g.shown, 6), WHITE, 1);
    char night[16] = "NIGHT ";
    char *n = pf_number(digits, g.night, 1);
    for (int i = 0; n[i] && i < 6; i++) night[6 + i] = n[i];
    pf_text_centred(&screen, W / 2, 2, night, TAN, 1);
    if (g.chain > 1) {
        char chain[4] = {'X', (char)('0' + g.chain), 0};
        pf_text(&screen, 52, 2, chain, g.chain > 5 ? (uint32_t)PINK : (uint32_t)YELLOW, 1);
        pf_rect(&screen, 66, 5, g.chain_left * 20 / 260, 2, ORANGE);
    }
    for (int p = 0, x = W - 6; p < SPARKS; p++) {
        const spark *s = &g.sparks[p];
        int most = s->here ? pf_max(3 + g.up[UP_HEART], s->hearts) : 0;
        for (int i = 0; i < most; i++, x -= 8) stamp(i < most - s->hearts ? &art_hollow : &art_heart, (float)x, 5, p && i >= most - s->hearts ? CYAN : -1);
        x -= 4;
    }
}

static void logo(int y) {
    static const char name[] = "GLOAMLING";
    static const int rows[7] = {WHITE, CREAM, CREAM, YELLOW, ORANGE, ORANGE, RED};
    int x0 = W / 2 - 9 * 20 / 2 + 2;
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < 9; k++) {
            int lift = pf_sin8(g.age * 2 + k * 20) / 50;
            for (int i = 0; i < 35; i++)
                if (pf_glyph(name[k])[i % 5] >> (i / 5) & 1) {
                    int x = x0 + k * 20 + i % 5 * 3, top = y + lift + i / 5 * 4;
                    if (pass == 0) pf_rect(&screen, x - 2, top - 2, 7, 9, BLACK);
                    else pf_rect(&screen, x, top, 3, 4, (uint32_t)rows[i / 5]);
                }
        }
}

static void title_page(void) {
    char text[24] = "BEST ", digits[12], *d = pf_number(digits, g.best, 1);
    logo(26);
    label_centred(W / 2, 62, "FLY LOOPS OF LIGHT", ICE, 1);
    for (int i = 0; d[i] && i < 11; i++) text[5 + i] = d[i];
    if (g.best) label_centred(W / 2, 136, text, TAN, 1);
    if (g.age & 32) label_centred(W / 2, 148, "PRESS A, Z, CLICK OR TAP", YELLOW, 1);
}

static void cards(void) {
    label_centred(W / 2, 24, "CHOOSE A LIGHT", YELLOW, 2);
    for (int i = 0; i < 3; i++) {
        int x = 6 + 77 * i, up = g.offer[i], on = i == g.cursor, y = (on ? 50 : 54) + pf_max(0, 12 - g.age) * 6;
        if (up < 0) continue;
        pf_rect(&screen, x, y, 74, 72, BLACK);
        pf_frame(&screen, x, y, 74, 72, on ? (g.age & 8 ? YELLOW : CREAM) : SLATE);
        pf_disc(&screen, x + 37, y + 18, 9, on ? ORANGE : SLATE);
        pf_disc(&screen, x + 37, y + 18, 5, on ? YELLOW : GREY);
        pf_disc(&screen, x + 37, y + 18, 2, WHITE);
        for (int k = 0; k < g.up[up] + 1; k++) pf_rect(&screen, x + 31 + 5 * k - 2 * g.up[up], y + 31, 3, 2, k < g.up[up] ? TAN : LIME);
        pf_text_centred(&screen, x + 37, y + 38, up_name[up], on ? WHITE : GREY, 1);
        pf_text_centred(&screen, x + 37, y + 51, up_text[up][0], on ? ICE : SLATE, 1);
        pf_text_centred(&screen, x + 37, y + 60, up_text[up][1], on ? ICE : SLATE, 1);
    }
    if (g.age & 32) label_centred(W / 2, 140, "LEFT, RIGHT AND A, OR TAP", TAN, 1);
}

static void line_of(int y, const char *what, int value, int colour) {
    char digits[12], *d = pf_number(digits, value, 1);
    label(60, y, what, GREY, 1);
    label(182 - pf_text_width(d, 1), y, d, colour, 1);
}

/* A choice at the end: where to begin. */
static void way_on(int x, const char *what, int night, int on) {
    char text[24], digits[12], *to = text, *d = pf_number(digits, night, 1);
    while (*what) *to++ = *what++;
    for (int i = 0; d[i] && i < 6; i++) *to++ = d[i];
    *to = 0;
    pf_rect(&screen, x, 131, 100, 18, BLACK);
    pf_frame(&screen, x, 131, 100, 18, on ? (g.age & 8 ? YELLOW : CREAM) : SLATE);
    pf_text_centred(&screen, x + 50, 137, text, on ? WHITE : GREY, 1);
}

static void over_page(void) {
    static const char *const again[] = {"PRESS A", "PRESS Z OR SPACE", "CLICK", "TAP"};
    label_centred(W / 2, 30, "LIGHTS OUT", RED, 2);
    if (g.age > 15) line_of(60, "SCORE", g.score, WHITE);
    if (g.age > 25) line_of(72, "NIGHT", g.night, TAN);
    if (g.age > 35) line_of(84, "CAUGHT", g.caught_total, TAN);
    if (g.age > 45) line_of(96, "BEST LOOP", g.best_loop, TAN);
    if (g.age > 55) line_of(108, "BEST SCORE", g.best, YELLOW);
    if (g.record && g.age > 60 && g.age & 16) label_centred(W / 2, 119, "A NEW RECORD!", LIME, 1);
    if (g.age <= 70) return;
    if (g.night > 1) way_on(16, "FROM NIGHT ", 1, !g.cursor), way_on(W / 2 + 4, "ON: NIGHT ", g.night, g.cursor);
    else if (g.age & 32) label_centred(W / 2, 140, again[g.device], YELLOW, 1);
}

/* A line for whatever is new tonight; the first night tells how to fly, on the device in use. */
static void hints(void) {
    static const char *const fly[] = {"FLY WITH THE STICK", "FLY WITH ARROWS OR WASD", "THE SPARK FOLLOWS THE MOUSE", "THE SPARK FOLLOWS YOUR FINGER"};
    static const char *const dash[] = {"A: DASH", "Z OR SPACE: DASH", "CLICK: DASH", "A SECOND FINGER: DASH"};
    static const char *const news[] = {0, 0, "GNATS STING: LOOP THEM FROM AFAR", "SEEDS BURST INTO MOTHS", "BEETLES: LOOP TWICE, OR DASH AND LOOP",
        "THE QUEEN: LOOP HER AGAIN AND AGAIN", "WASPS AIM, THEN DART: STEP ASIDE", "SNUFFERS EAT YOUR LIGHT"};
    int t = g.night_age;
    if (t > 480 || g.cleared) return;
    if (g.night < 8 && news[g.night]) label_centred(W / 2, H - 20, news[g.night], CREAM, 1);
    if (g.night != 1) return;
    label_centred(W / 2, H - 26, t < 120 ? fly[g.device] : t < 320 ? "CLOSE A LOOP AROUND THEM" : "MORE IN ONE LOOP: MORE POINTS", CREAM, 1);
    if (t > 120) label_centred(W / 2, H - 15, dash[g.device], TAN, 1);
}

void draw(void) {
    int dx = g.shake ? chance(g.shake / 3 + 2) - g.shake / 6 : 0, dy = g.shake ? chance(g.shake / 3 + 2) - g.shake / 6 : 0;
    lights();
    shine(dx, dy);
    screen.ox = dx, screen.oy = dy;
    draw_motes();
    for (int i = 0; i < CRITTERS; i++)
        if (g.critters[i].kind >= 0) draw_critter(&g.critters[i]);
    for (int p = 0; p < SPARKS; p++) draw_spark(p);
    screen.ox = screen.oy = 0;
    if (g.scene != TITLE) hud();
    draw_words();
    if (g.scene == TITLE) title_page();
    if (g.scene == PLAY) hints();
    if (g.scene == CHOOSE) cards();
    if (g.scene == OVER) over_page();
    if (g.paused) label_centred(W / 2, 74, "PAUSED", WHITE, 2);
    pf_present(&screen);
}
