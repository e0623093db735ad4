/* Mouse, finger, pad and keys as one wish. Whoever moved last has the say; a finger that leaves the picture still counts
 * until it is lifted. */
#include "game.h"

enum { KEY_M = 16, KEY_R = 21, KEY_U = 24, FIRST_REPEAT = 15, NEXT_REPEAT = 7 };

static int finger = -1; /* id of the one that leads; others are ignored until it is up */
static wish last;

static void read_touch(wish *w) {
    pf_touch touches[PF_TOUCHES];
    int count = pf_min(pf_input_touches(0, touches, PF_TOUCHES), PF_TOUCHES), found = 0;
    for (int i = 0; i < count; i++) {
        if (finger < 0 && touches[i].began) finger = touches[i].id, w->began = 1;
        if (finger != touches[i].id) continue;
        w->device = TOUCH, w->x = touches[i].x, w->y = touches[i].y;
        w->down = found = 1;
    }
    if (finger >= 0 && !found) finger = -1, w->ended = 1;
}

static void read_mouse(wish *w) {
    static int held;
    pf_pointer p;
    pf_input_pointer(0, &p);
    int left = p.held & PF_MOUSE_LEFT, pressed = p.pressed & PF_MOUSE_LEFT;
    if (finger >= 0 || w->ended) return; /* some hosts show a finger as a mouse too */
    if (p.dx || p.dy || p.pressed || p.held || p.wheel_y) w->device = MOUSE;
    if (w->device == MOUSE) w->x = p.x, w->y = p.y, w->hovers = 1;
    if (pressed) w->began = 1;
    if (held && !left) w->ended = 1;
    if (left) w->down = 1;
    if (p.pressed & PF_MOUSE_RIGHT) w->undo = 1;
    held = left;
}

static int repeat(int *age, int held) {
    *age = held ? *age + 1 : 0;
    return *age == 1 || (*age > FIRST_REPEAT && (*age - FIRST_REPEAT) % NEXT_REPEAT == 1);
}

static void steps(wish *w, int left, int right, int up, int down) {
    static int age[4];
    w->dx += repeat(&age[0], right && !left) - repeat(&age[1], left && !right);
    w->dy += repeat(&age[2], down && !up) - repeat(&age[3], up && !down);
}

static void read_buttons(wish *w) {
    pf_pad pad;
    pf_keys keys;
    pf_input_pad(0, &pad);
    pf_input_keys(0, &keys);
    int keyed = 0, stick = 16000;
    for (int i = 0; i < 32; i++) keyed |= keys.held[i] | keys.pressed[i];
    int sticks = pad.lx > stick || pad.lx < -stick || pad.ly > stick || pad.ly < -stick;
    if (pad.held | pad.pressed || sticks) w->device = PAD;
    if (keyed) w->device = KEYS;
    steps(w, pad.held & PF_LEFT || pad.lx < -stick || pf_key_held(&keys, PF_KEY_LEFT) || pf_key_held(&keys, PF_KEY_A),
          pad.held & PF_RIGHT || pad.lx > stick || pf_key_held(&keys, PF_KEY_RIGHT) || pf_key_held(&keys, PF_KEY_D),
          pad.held & PF_UP || pad.ly < -stick || pf_key_held(&keys, PF_KEY_UP) || pf_key_held(&keys, PF_KEY_W),
          pad.held & PF_DOWN || pad.ly > stick || pf_key_held(&keys, PF_KEY_DOWN) || pf_key_held(&keys, PF_KEY_S));
    w->ok = pad.pressed & PF_A || pf_key_pressed(&keys, PF_KEY_ENTER) || pf_key_pressed(&keys, PF_KEY_SPACE) ||
            pf_key_pressed(&keys, PF_KEY_Z);
    w->undo |= pad.pressed & (PF_B | PF_L1) || pf_key_pressed(&keys, PF_KEY_X) || pf_key_pressed(&keys, KEY_U) ||
               pf_key_pressed(&keys, PF_KEY_BACKSPACE);
    w->restart = pad.pressed & PF_Y || pf_key_pressed(&keys, KEY_R);
    w->menu = pad.pressed & (PF_START | PF_SELECT) || pf_key_pressed(&keys, PF_KEY_ESCAPE) ||
              pf_key_pressed(&keys, PF_KEY_P);
    w->music = pad.pressed & PF_X || pf_key_pressed(&keys, KEY_M);
}

void input_read(wish *w) {
    *w = (wish){.device = last.device, .x = last.x, .y = last.y};
    read_touch(w);
    read_mouse(w);
    read_buttons(w);
    last = *w;
    g.device = w->device;
}
