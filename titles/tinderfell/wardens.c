/* The players: they run with some weight, throw water with A and swing a tool with B. */

#include "game.h"

#define TANK 6
#define BLOBS 4
#define BLOB_FRAMES 16
#define SINGED_FRAMES 44
/* After a scorching, frames without another. */
#define SAFE_FRAMES 70
#define SWING_FRAMES 12

/* In 1/256 pixels a frame. */
#define PUSH 0x38
#define DRAG 0x2C
#define FASTEST 0x180
#define FASTEST_IN_TREES 0x110

u8 playing[2], tanks[2];

static u16 at_x[2], at_y[2];
/* The place of a warden's feet, in pixels: asked for often, and a 6502 shifts words slowly. */
static u8 feet_x[2], feet_y[2];
static int speed_x[2], speed_y[2];
static u8 pose[2], mirrored[2];
/* Which way a warden looks, as -1, 0 or 1 (255 for -1). */
static u8 look_x[2], look_y[2];
static u8 singed[2], safe[2], swing[2], filling[2];
static u8 chopped[2], chops[2];

static u8 blob_x[BLOBS], blob_y[BLOBS], blob_dx[BLOBS], blob_dy[BLOBS], blob_left[BLOBS];

static void plant_feet(u8 who)
{
    feet_x[who] = (at_x[who] >> 8) + 8;
    feet_y[who] = (at_y[who] >> 8) + 12;
}

void wardens_reset(void)
{
    u8 i;

    for (i = 0; i != 2; ++i) {
        at_x[i] = i ? 0x8000 : 0x7000;
        at_y[i] = (FIELD_Y + 6 * 16) << 8;
        speed_x[i] = speed_y[i] = 0;
        pose[i] = SPRITE_FRONT;
        look_x[i] = 0;
        look_y[i] = 1;
        singed[i] = safe[i] = swing[i] = filling[i] = chops[i] = 0;
        tanks[i] = TANK;
        plant_feet(i);
    }
    for (i = 0; i != BLOBS; ++i) {
        blob_left[i] = 0;
    }
}

static int faster(int speed, u8 less, u8 more, int fastest)
{
    if (more) {
        speed += PUSH;
        return speed > fastest ? fastest : speed;
    }
    if (less) {
        speed -= PUSH;
        return speed < -fastest ? -fastest : speed;
    }
    if (speed > DRAG) {
        return speed - DRAG;
    }
    return speed < -DRAG ? speed + DRAG : 0;
}

static void turn(u8 who, u8 pad)
{
    if ((pad & (PAD_UP | PAD_DOWN | PAD_LEFT | PAD_RIGHT)) == 0) {
        return;
    }
    look_x[who] = pad & PAD_RIGHT ? 1 : pad & PAD_LEFT ? 255 : 0;
    look_y[who] = pad & PAD_DOWN ? 1 : pad & PAD_UP ? 255 : 0;
    if (look_x[who] != 0) {
        mirrored[who] = look_x[who] == 1 ? 0 : MIRRORED;
        pose[who] = SPRITE_SIDE;
    } else {
        pose[who] = look_y[who] == 1 ? SPRITE_FRONT : SPRITE_BACK;
    }
}

/* Feet are eight pixels wide, and what stands in the way of one side lets the other slide by. */
static void walk(u8 who)
{
    static u16 to;
    static u8 x, y;

    if (speed_x[who] != 0) {
        to = at_x[who] + speed_x[who];
        x = (to >> 8) + (speed_x[who] < 0 ? 4 : 12);
        y = feet_y[who];
        if ((to >> 8) > 240 || blocks(x, y - 2) || blocks(x, y + 2)) {
            speed_x[who] = 0;
        } else {
            at_x[who] = to;
        }
    }
    if (speed_y[who] != 0) {
        to = at_y[who] + speed_y[who];
        x = (at_x[who] >> 8) + 8;
        y = (to >> 8) + (speed_y[who] < 0 ? 10 : 14);
        if (blocks(x - 3, y) || blocks(x + 3, y)) {
            speed_y[who] = 0;
        } else {
            at_y[who] = to;
        }
    }
    plant_feet(who);
}

static void throw(u8 who)
{
    static u8 i;

    if (tanks[who] == 0) {
        play_sound(SOUND_EMPTY);
        return;
    }
    for (i = 0; i != BLOBS; ++i) {
        if (blob_left[i] == 0) {
            --tanks[who];
            blob_x[i] = feet_x[who];
            blob_y[i] = feet_y[who] - 4;
            blob_dx[i] = look_x[who] << 2;
            blob_dy[i] = look_y[who] << 2;
            blob_left[i] = BLOB_FRAMES;
            /* The throw pushes back a little. */
            speed_x[who] -= (int)(signed char)look_x[who] * 0x60;
            speed_y[who] -= (int)(signed char)look_y[who] * 0x60;
            play_sound(SOUND_THROW);
            return;
        }
    }
}

/* Beats small flames out; else fells a tree, with two blows, so that fire finds nothing there. */
static void hit(u8 who)
{
    static u8 x, y, cell;

    swing[who] = SWING_FRAMES;
    x = feet_x[who] + look_x[who] * 12;
    y = feet_y[who] + look_y[who] * 12;
    if (swat(x, y)) {
        return;
    }
    cell = cell_at(x, y);
    if (cell == NOWHERE) {
        return;
    }
    switch (cells[cell]) {
    case SMOULDER:
    case HUT_SMOULDER:
        reward(cell, douse(cell));
        play_sound(SOUND_SAVED);
        return;
    case TREE:
    case WET:
        if (chopped[who] != cell) {
            chopped[who] = cell;
            chops[who] = 0;
        }
        pop(x - 4, y - 8, SPRITE_PUFF, WATERY);
        if (++chops[who] == 2) {
            set_cell(cell, STUMP);
            chopped[who] = NOWHERE;
            play_sound(SOUND_FELL);
        } else {
            play_sound(SOUND_CHOP);
        }
        return;
    }
    play_sound(SOUND_CHOP);
}

static void scorch(u8 who)
{
    singed[who] = SINGED_FRAMES;
    safe[who] = SINGED_FRAMES + SAFE_FRAMES;
    speed_x[who] = speed_x[who] > 0 ? -0x200 : speed_x[who] < 0 ? 0x200 : 0;
    speed_y[who] = speed_y[who] > 0 ? -0x200 : speed_y[who] < 0 ? 0x200 : 0;
    chain = 0;
    pop(feet_x[who] - 4, feet_y[who] - 16, SPRITE_PUFF, FIERY);
    play_sound(SOUND_SINGED);
}

/* What is under a warden's feet: water fills the tank, fire hurts. */
static void tread(u8 who, u8 kind)
{
    if (kind == WATER && tanks[who] < TANK) {
        if (++filling[who] == 6) {
            filling[who] = 0;
            ++tanks[who];
            play_sound(SOUND_FILL);
        }
    } else if (kind == FIRE && safe[who] == 0) {
        scorch(who);
    }
}

static void warden_step(u8 who)
{
    static u8 pad, kind;
    static int fastest;

    pad = pads[who];
    if (safe[who] != 0) {
        --safe[who];
    }
    if (swing[who] != 0) {
        --swing[who];
    }
    if (singed[who] != 0) {
        --singed[who];
        pad = 0;
    } else {
        if (pressed[who] & PAD_A) {
            throw(who);
        }
        if ((pressed[who] & PAD_B) && swing[who] < 5) {
            hit(who);
        }
    }
    kind = cells[cell_at(feet_x[who], feet_y[who])];
    fastest = kind != GRASS && kind <= SMOULDER ? FASTEST_IN_TREES : FASTEST;
    turn(who, pad);
    if (speed_x[who] != 0 || (pad & (PAD_LEFT | PAD_RIGHT))) {
        speed_x[who] = faster(speed_x[who], pad & PAD_LEFT, pad & PAD_RIGHT, fastest);
    }
    if (speed_y[who] != 0 || (pad & (PAD_UP | PAD_DOWN))) {
        speed_y[who] = faster(speed_y[who], pad & PAD_UP, pad & PAD_DOWN, fastest);
    }
    walk(who);
    tread(who, kind);
}

void strike_wardens(u8 cell)
{
    u8 who;

    for (who = 0; who != 2; ++who) {
        if (playing[who] && safe[who] == 0 && cell_at(feet_x[who], feet_y[who]) == cell) {
            scorch(who);
        }
    }
}

/* Water on a cell and the four around it. */
static void burst(u8 x, u8 y)
{
    static u8 cell, way, beside, points, hits;

    cell = cell_at(x, y);
    pop(x - 8, y - 6, SPRITE_SPLASH, WATERY);
    pop(x, y - 2, SPRITE_SPLASH, WATERY | MIRRORED);
    play_sound(SOUND_SPLASH);
    if (cell == NOWHERE) {
        return;
    }
    hits = 0;
    for (way = 0; way != 5; ++way) {
        beside = way == 4 ? cell : neighbour(cell, way);
        if (beside == NOWHERE) {
            continue;
        }
        points = douse(beside);
        if (points != 0) {
            reward(beside, points);
            ++hits;
        }
    }
    if (hits != 0) {
        play_sound(SOUND_SAVED);
    }
}

static void blobs_step(void)
{
    static u8 i, cell;

    for (i = 0; i != BLOBS; ++i) {
        if (blob_left[i] == 0) {
            continue;
        }
        blob_x[i] += blob_dx[i];
        blob_y[i] += blob_dy[i];
        swat(blob_x[i], blob_y[i]);
        cell = cell_at(blob_x[i], blob_y[i]);
        if (cell == NOWHERE || blob_x[i] < 4 || blob_x[i] > 251) {
            blob_left[i] = 0;
        } else if (--blob_left[i] == 0 || burning(cell)) {
            blob_left[i] = 0;
            burst(blob_x[i], blob_y[i]);
        }
    }
}

void wardens_step(void)
{
    static u8 who;

    for (who = 0; who != 2; ++who) {
        if (playing[who]) {
            warden_step(who);
        } else if (pressed[who] & (PAD_A | PAD_START)) {
            playing[who] = 1;
            play_sound(SOUND_START);
        }
    }
    blobs_step();
}

static void warden_draw(u8 who)
{
    static u8 x, y, tile, look, step, kind;

    /* Blinks while nothing can hurt. */
    if (singed[who] == 0 && (safe[who] & 2)) {
        return;
    }
    x = at_x[who] >> 8;
    y = at_y[who] >> 8;
    tile = pose[who];
    look = who;
    step = (speed_x[who] != 0 || speed_y[who] != 0) && (frames & 8);
    if (singed[who] != 0) {
        tile = SPRITE_SINGED;
        look |= frames & 4 ? MIRRORED : 0;
    } else if (tile == SPRITE_SIDE) {
        look |= mirrored[who];
        tile += step ? 4 : 0;
    } else if (step) {
        look |= MIRRORED;
    }
    /* Among trees the legs are hidden: nothing but the ground shows them. */
    kind = cells[cell_at(feet_x[who], feet_y[who])];
    lower_half = kind >= TREE && kind <= WET ? BEHIND : 0;
    sprite_big(x, y, tile, look);
    lower_half = 0;
    if (swing[who] > 4) {
        sprite(x + 4 + look_x[who] * 10, y + 4 + look_y[who] * 10, SPRITE_SWING,
            FIERY | (look_x[who] == 255 ? MIRRORED : 0) | (swing[who] > 8 ? UPSIDE : 0));
    }
}

void wardens_draw(void)
{
    static u8 i;

    for (i = 0; i != 2; ++i) {
        if (playing[i]) {
            warden_draw(i);
        }
    }
    for (i = 0; i != BLOBS; ++i) {
        if (blob_left[i] != 0) {
            /* Up and down again, as if thrown in a bow. */
            sprite(blob_x[i] - 4, blob_y[i] - 4 - (blob_left[i] > 8 ? BLOB_FRAMES - blob_left[i] : blob_left[i]),
                SPRITE_BLOB, WATERY | (frames & 4 ? MIRRORED : 0));
        }
    }
}
