/* Probe: a picture that a program can read, for measuring latency. README.md describes every pixel that matters.
 *
 * All of it is laid out in units: u = 1 pixel in the 160x160 indexed picture, and 2 in the 640x360 RGBA one
 * (PROBE_HD, built from titles/probe-hd). Nothing here depends on anything but the tick and the input.
 */
#include "pf_canvas.h"
#include "pf_sound.h"

#ifdef PROBE_HD
enum { WIDTH = 640, HEIGHT = 360, UNIT = 2, LEFT = 160, TOP = 20 };
static uint32_t pixels[WIDTH * HEIGHT];
static pf_canvas screen = PF_CANVAS32(pixels, WIDTH, HEIGHT);
#else
enum { WIDTH = 160, HEIGHT = 160, UNIT = 1, LEFT = 0, TOP = 0 };
static uint8_t pixels[WIDTH * HEIGHT];
static pf_canvas screen = PF_CANVAS8(pixels, WIDTH, HEIGHT);
#endif

/* 0xRRGGBB. The flip colours differ by the most that limited-range video keeps apart. */
static const uint32_t colours[] = {0x101018, 0x000000, 0xffffff, 0x20242c, 0x5a6472, 0x3ad29f, 0xffc857, 0x2a3040};
enum { BACK, BLACK, WHITE, PANEL, GREY, MOVER, LABEL, GRID };

#ifdef PROBE_HD
#define C(name) colours[name]
#else
#define C(name) ((uint32_t)(name))
#endif

static pf_synth synth;
static const pf_tone click = {PF_PULSE, 96, 96, 0, 8, 12, 255, 0, 0};
static uint32_t flips;
static int32_t shift; /* of the moving grid, while l1 is held */

static void box(int x, int y, int w, int h, uint32_t colour) {
    pf_rect(&screen, LEFT + x * UNIT, TOP + y * UNIT, w * UNIT, h * UNIT, colour);
}

/* How many presses came with this tick: pad a or Space, mouse left, fingers. Each counts, but a player presses pad a
 * with Space too, so those two are one. */
static int presses(int player) {
    pf_pad pad;
    pf_keys keys;
    pf_pointer pointer;
    pf_touch touches[PF_TOUCHES];
    pf_input_pad(player, &pad);
    pf_input_keys(player, &keys);
    pf_input_pointer(player, &pointer);
    int count = pf_min(pf_input_touches(player, touches, PF_TOUCHES), PF_TOUCHES), fingers = 0;
    for (int i = 0; i < count; i++) fingers += touches[i].began;
    if (pad.held & PF_L1) shift++;
    int button = (pad.pressed & PF_A) || pf_key_pressed(&keys, PF_KEY_SPACE);
    return button + (pointer.pressed & PF_MOUSE_LEFT ? 1 : 0) + fingers;
}

/* 32 bits in two rows of 16 cells, most significant first, white is 1; then a row of
 * checks: white where the two bits above are equal. */
static void bars(int x, int y, uint32_t value) {
    for (int i = 0; i < 16; i++) {
        int high = value >> (31 - i) & 1, low = value >> (15 - i) & 1;
        box(x + 8 * i, y, 8, 8, C(high ? WHITE : BLACK));
        box(x + 8 * i, y + 8, 8, 8, C(low ? WHITE : BLACK));
        box(x + 8 * i, y + 16, 8, 8, C(high ^ low ? BLACK : WHITE));
    }
}

static void backdrop(int moved) {
    pf_clear(&screen, C(BACK));
    int step = 16 * UNIT;
    for (int x = moved % step; x < WIDTH; x += step) pf_rect(&screen, x, 0, UNIT, HEIGHT, C(GRID));
    for (int y = moved % step; y < HEIGHT; y += step) pf_rect(&screen, 0, y, WIDTH, UNIT, C(GRID));
}

/* While l1 is held every pixel outside the fixed parts changes every tick: a woven pattern slides past. */
static void slide(int moved) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        int x = (i % WIDTH / UNIT + moved * 3) & 63, y = (i / WIDTH / UNIT + moved * 2) & 63;
#ifdef PROBE_HD
        pf_put(&screen, i, (uint32_t)x << 18 | (uint32_t)y << 10 | (uint32_t)(x ^ y) << 1);
#else
        pf_put(&screen, i, 8 + (uint32_t)(x ^ y));
#endif
    }
}

PF_INIT {
    pf_tick_rate(60);
#ifdef PROBE_HD
    pf_video_mode(WIDTH, HEIGHT, PF_RGBA);
#else
    pf_video_mode(WIDTH, HEIGHT, PF_INDEXED);
    pf_video_palette(0, sizeof colours / sizeof *colours, colours);
    uint32_t ramp[64];
    for (uint32_t i = 0; i < 64; i++) ramp[i] = (i * 3) << 16 | (i * 2 + 30) << 8 | (200 - i * 2);
    pf_video_palette(8, 64, ramp);
#endif
}

PF_TICK {
    uint32_t tick = (uint32_t)pf_tick_count();
    int pressed = 0, moved = shift;
    for (int player = 0; player < PF_PLAYERS; player++)
        if (pf_input_players() >> player & 1) pressed += presses(player);
    flips += (uint32_t)pressed;
    if (pressed) pf_play(&synth, &click);

    if (shift != moved) slide(shift);
    else backdrop(shift);
    box(12, 4, 136, 32, C(PANEL));
    bars(16, 8, tick);
    box(44, 44, 72, 72, C(PANEL));
    box(48, 48, 64, 64, C(flips & 1 ? WHITE : BLACK));
    for (int i = 0; i < 8; i++) box(16 + 16 * i, 124, 16, 8, C(flips >> (7 - i) & 1 ? WHITE : BLACK));
    box((int)(tick * 2 % 160), 148, 8, 8, C(MOVER));
    pf_text(&screen, LEFT + 12 * UNIT, TOP + 136 * UNIT, "PRESS A, SPACE OR CLICK", C(LABEL), UNIT);
    pf_present(&screen);
    pf_sound(&synth);
}
