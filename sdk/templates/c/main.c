/* A square that moves with the pad, the arrow keys or a finger, and hums when it touches the edge. */
#include "pf_canvas.h"
#include "pf_sound.h"

enum { WIDTH = 160, HEIGHT = 144, SIZE = 8 };

static uint8_t pixels[WIDTH * HEIGHT];
static pf_canvas screen = PF_CANVAS8(pixels, WIDTH, HEIGHT);
static pf_synth synth;
static const pf_tone bump = {PF_TRIANGLE, 50, 38, 2, 60, 120, 180, 0, 0};
static int x = 76, y = 68;

static int sign(int v) { return (v > 0) - (v < 0); }

/* Where the player wants to go: -1, 0 or 1 each way. */
static void wish(int *dx, int *dy) {
    pf_pad pad;
    pf_keys keys;
    pf_touch finger;
    pf_input_pad(0, &pad);
    pf_input_keys(0, &keys);
    *dx = (pad.held & PF_RIGHT || pf_key_held(&keys, PF_KEY_RIGHT)) - (pad.held & PF_LEFT || pf_key_held(&keys, PF_KEY_LEFT));
    *dy = (pad.held & PF_DOWN || pf_key_held(&keys, PF_KEY_DOWN)) - (pad.held & PF_UP || pf_key_held(&keys, PF_KEY_UP));
    if (pf_input_touches(0, &finger, 1) > 0) *dx = sign(finger.x - x), *dy = sign(finger.y - y);
}

PF_INIT {
    static const uint32_t colours[] = {0x10131c, 0xffc857, 0x5a6472};
    pf_video_mode(WIDTH, HEIGHT, PF_INDEXED);
    pf_video_palette(0, 3, colours);
}

PF_TICK {
    int dx, dy;
    wish(&dx, &dy);
    int to_x = pf_clamp(x + dx, 0, WIDTH - SIZE), to_y = pf_clamp(y + dy, 0, HEIGHT - SIZE);
    if ((dx || dy) && to_x == x && to_y == y) pf_play(&synth, &bump);
    x = to_x, y = to_y;

    pf_clear(&screen, 0);
    pf_text_centred(&screen, WIDTH / 2, 20, "MOVE ME", 2, 1);
    pf_rect(&screen, x, y, SIZE, SIZE, 1);
    pf_present(&screen);
    pf_sound(&synth);
}
