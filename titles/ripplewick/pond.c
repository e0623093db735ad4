/* A level being played (see pond.h). */
#include "pond.h"

play here;

static void enter(int state) {
    here.state = state, here.tick = 0;
}

/* ---- where things are */

static int lit_bits(void) {
    int bits = 0;
    for (int i = 0; i < here.pond.count; i++)
        if (here.pond.kind[i] != WOOD && here.pond.lily[here.now.at[i]] == here.pond.kind[i]) bits |= 1 << i;
    return bits;
}

void arm_lengths(int cell, int lanes[4]) {
    for (int direction = 0; direction < 4; direction++)
        for (lanes[direction] = 0; lanes[direction] < REACH; lanes[direction]++) {
            int next = neighbour(cell, direction, lanes[direction] + 1);
            if (next < 0 || here.pond.ground[next] == LAND || here.pond.ground[next] == ROCK) break;
        }
}

static void between(int from, int to, int at, int of, int *x, int *y) {
    *x = middle_x(from) + ease(at, of, middle_x(to) - middle_x(from));
    *y = middle_y(from) + ease(at, of, middle_y(to) - middle_y(from));
}

/* A thing sets out when the crest has reached it. */
static void on_ripple(int which, int *x, int *y) {
    int from = here.drift.stage[0].at[which], to = here.drift.stage[1].at[which];
    int dx = middle_x(from) - middle_x(here.cell), dy = middle_y(from) - middle_y(here.cell);
    int away = pf_max(dx < 0 ? -dx : dx, dy < 0 ? -dy : dy), start = away * 4 / CREST_QUARTERS - 4;
    between(from, to, pf_max(here.tick - start, 0), RIPPLE_TICKS - start, x, y);
}

void thing_at(int which, int *x, int *y) {
    *x = middle_x(here.now.at[which]), *y = middle_y(here.now.at[which]);
    if (here.state == FALL) *x = middle_x(here.drift.stage[0].at[which]), *y = middle_y(here.drift.stage[0].at[which]);
    if (here.state == RIPPLE) on_ripple(which, x, y);
    if (here.state == BACK) between(here.from.at[which], here.now.at[which], here.tick, BACK_TICKS, x, y);
    if (here.state == FLOW) {
        int from = here.drift.stage[here.stage].at[which], to = here.drift.stage[here.stage + 1].at[which];
        *x = middle_x(from) + (middle_x(to) - middle_x(from)) * here.tick / FLOW_TICKS;
        *y = middle_y(from) + (middle_y(to) - middle_y(from)) * here.tick / FLOW_TICKS;
    }
    if (here.state == RISE) {
        int rising = pf_max(here.tick - 14 - which * 7, 0);
        *y -= rising * rising / 22, *x += pf_sin8(rising * 2 + which * 50) * pf_min(rising, 60) / 1000;
    }
    if (here.state == DONE) *y = -60;
}

/* ---- pebbles, and taking them back */

static void remember(void) {
    if (here.moments == MOMENTS) {
        for (int i = 1; i < MOMENTS; i++) here.history[i - 1] = here.history[i];
        here.moments--;
    }
    here.history[here.moments++] = (moment){here.now, (uint16_t)here.pebbles};
}

static void throw_at(int cell) {
    remember();
    drop(&here.pond, &here.now, cell, &here.drift);
    here.now = here.drift.stage[here.drift.stages - 1];
    here.pebbles++, here.cell = cell, here.cursor = cell;
    arm_lengths(cell, here.lanes);
    enter(FALL);
}

static void drift_back(places to, int pebbles) {
    here.from = here.now, here.now = to, here.pebbles = pebbles;
    here.lit = lit_bits();
    enter(BACK);
    sfx(SFX_UNDO, 0);
}

static void undo(void) {
    if (here.moments == 0) {
        sfx(SFX_NO, 0);
        return;
    }
    moment *last = &here.history[--here.moments];
    drift_back(last->at, last->pebbles);
}

/* Restarting can be undone as well. */
static void restart(void) {
    if (here.pebbles == 0) return;
    remember();
    drift_back(here.start, 0);
}

/* ---- being done */

static void solved(void) {
    here.record = g.best[g.level] && here.pebbles < g.best[g.level];
    int kept = pf_min(here.pebbles, 255);
    if (!g.best[g.level] || kept < g.best[g.level]) g.best[g.level] = (uint8_t)kept;
    keep();
    pf_event("level-solved", g.level + 1);
    enter(RISE);
    sfx(SFX_RISE, 0);
}

static void next_level(void) {
    sfx(SFX_OK, 0);
    if (g.level + 1 == LEVELS) {
        go(MAP, W / 2, H / 2);
        return;
    }
    g.level++;
    go(POND, middle_x(here.cell), middle_y(here.cell));
}

/* Things have come to rest: who is at home now, and is that all? */
static void settle(void) {
    int lit = lit_bits(), fresh = lit & ~here.lit, count = 0;
    for (int i = 0; i < here.pond.count; i++) count += lit >> i & 1;
    if (fresh) chime(count + 1);
    else if (here.lit & ~lit) sfx(SFX_OUT, 0);
    here.lit = lit;
    if (all_lit(&here.pond, &here.now)) solved();
    else enter(AIM);
}

static int bumped(void) { /* something was carried, and stopped before the rim */
    for (int i = 0; i < here.pond.count; i++) {
        int from = here.drift.stage[0].at[i], to = here.drift.stage[1].at[i];
        int dx = to % COLS - here.cell % COLS, dy = to / COLS - here.cell / COLS;
        if (from != to && (dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy) < REACH) return 1;
    }
    return 0;
}

static void animate_end(void) {
    if (here.state == RISE && here.tick < 60 && here.tick % 9 == 0) chime(here.tick / 9 + 1);
    if (here.state == RISE && here.tick == RISE_TICKS) enter(DONE);
    int star = here.tick % STAR_TICKS ? 0 : here.tick / STAR_TICKS;
    if (here.state == DONE && star && star <= marks_for(g.level, here.pebbles)) sfx(SFX_STAR, star * 3);
}

static void animate(void) {
    here.tick++;
    if (here.state == FALL && here.tick == FALL_TICKS) enter(RIPPLE), sfx(SFX_PLOP, -(here.cell * 5 % 4));
    if (here.state == RIPPLE && here.tick == RIPPLE_TICKS - 12 && bumped()) sfx(SFX_BUMP, 0);
    if (here.state == RIPPLE && here.tick == RIPPLE_TICKS) {
        here.stage = 1;
        if (here.drift.stages > 2) enter(FLOW), sfx(SFX_STREAM, 0);
        else settle();
    }
    if (here.state == FLOW && here.tick == FLOW_TICKS) {
        here.stage++, here.tick = 0;
        if (here.stage + 1 >= here.drift.stages) settle();
    }
    if (here.state == BACK && here.tick == BACK_TICKS) enter(AIM);
    animate_end();
}

/* Cuts short what is only being shown. */
static void hurry(void) {
    if (here.state == FALL || here.state == RIPPLE || here.state == FLOW) settle();
    else if (here.state == BACK) enter(AIM);
}

/* ---- the player */

static int cell_at(int x, int y) {
    if (x >= SIDE - 3 || x < 0 || y < 0 || y >= H) return -1;
    return pf_clamp((y - TOP) / CELL, 0, ROWS - 1) * COLS + pf_clamp((x - LEFT) / CELL, 0, COLS - 1);
}

static int button_at(int x, int y) {
    if (x < SIDE - 3 || x >= W || y < BUTTON_Y - 2 || y >= H) return -1;
    return pf_min((y - BUTTON_Y + 2) / BUTTON_STEP, BUTTONS - 1);
}

static void push(int button) {
    if (button == BUTTON_UNDO) hurry(), undo();
    else if (button == BUTTON_RESTART) hurry(), restart();
    else if (button == BUTTON_MAP) sfx(SFX_OK, 0), go(MAP, 285, 212);
}

static void let_go_at(int cell) {
    if (cell < 0) return;
    if (here.state == DONE) {
        if (here.tick > 12) next_level();
    } else if (here.state == RISE) {
        enter(DONE);
    } else if (can_drop(&here.pond, &here.now, cell)) {
        throw_at(cell);
    } else {
        sfx(SFX_NO, 0);
    }
}

static void by_pointer(const wish *w) {
    static int on_board; /* the press began there: a press on a button does not turn into a pebble */
    int cell = cell_at(w->x, w->y), button = button_at(w->x, w->y);
    if (w->began) {
        if (here.state != DONE && here.state != RISE) hurry();
        on_board = cell >= 0, here.button = button;
        if (button >= 0) sfx(SFX_TICK, 0);
    }
    if ((w->down && on_board) || (w->hovers && !w->down)) here.aim = cell;
    if (!w->ended) return;
    if (here.button >= 0 && here.button == button) push(button);
    else if (on_board) let_go_at(cell);
    here.button = -1, on_board = 0;
}

static void by_cursor(const wish *w) {
    int x = pf_clamp(here.cursor % COLS + w->dx, 0, COLS - 1), y = pf_clamp(here.cursor / COLS + w->dy, 0, ROWS - 1);
    if (y * COLS + x != here.cursor) sfx(SFX_TICK, -5);
    here.cursor = y * COLS + x;
    if (w->device == PAD || w->device == KEYS) here.aim = here.cursor;
    if (!w->ok) return;
    if (here.state != DONE && here.state != RISE) hurry();
    let_go_at(here.cursor);
}

void pond_begin(void) {
    int cell = ROWS / 2 * COLS + COLS / 2;
    here = (play){.aim = -1, .button = -1, .cursor = cell, .cell = cell};
    pond_read(&here.pond, &here.start, levels[g.level].cells);
    here.now = here.start;
    here.lit = lit_bits();
    shore_pond(&here.pond);
    keep();
    pf_event("level-start", g.level + 1);
}

/* An aim counts only where a pebble could fall; but the cursor of pad and keys is to be seen anywhere. */
static void look_ahead(const wish *w) {
    int can = here.aim >= 0 && can_drop(&here.pond, &here.now, here.aim), by_hand = w->device == MOUSE || w->device == TOUCH;
    if (here.state != AIM || (by_hand && !can)) here.aim = -1;
    else if (can) drop(&here.pond, &here.now, here.aim, &here.ahead);
}

int pond_step(const wish *w) {
    int state = here.state, aim = here.aim, button = here.button, level = g.level;
    here.aim = -1;
    animate();
    by_pointer(w);
    if (g.scene == POND && g.level == level) by_cursor(w);
    if (g.scene != POND || g.level != level) return 1;
    if (w->undo) push(BUTTON_UNDO);
    if (w->restart) push(BUTTON_RESTART);
    if (w->menu) push(BUTTON_MAP);
    look_ahead(w);
    return here.state != AIM || state != AIM || aim != here.aim || button != here.button || here.tick < 3;
}
