/* Moths to eat; bats, spiders and embers to fear. */

#include "game.h"

#define THINGS 10
#define REACH 11

static u8 kind[THINGS], at_x[THINGS], phase[THINGS];
static i16 at_y[THINGS];
static i8 way[THINGS];

/* A swing there and back, in pixels. */
static const i8 swing[32] = {
    0, 2, 4, 6, 7, 8, 9, 10, 10, 10, 9, 8, 7, 6, 4, 2, 0, -2, -4, -6, -7, -8, -9, -10, -10, -10, -9, -8, -7, -6, -4, -2
};

void things_reset(void)
{
    u8 i;

    for (i = 0; i != THINGS; ++i) {
        kind[i] = NOTHING;
    }
}

void things_add(u8 what, u8 x, i16 y)
{
    u8 i;

    for (i = 0; i != THINGS; ++i) {
        if (kind[i] == NOTHING) {
            kind[i] = what;
            at_x[i] = x;
            at_y[i] = y;
            phase[i] = chance();
            way[i] = chance() & 1 ? 1 : -1;
            return;
        }
    }
}

void things_scroll(u8 by)
{
    u8 i;

    for (i = 0; i != THINGS; ++i) {
        at_y[i] += by;
    }
}

static u8 near(u8 x, i16 y, u8 reach)
{
    i16 dx = (bird_x >> 4) + 8 - x, dy = (bird_y >> 4) + 8 - y;

    return dx < reach && dx > -(i16)reach && dy < reach && dy > -(i16)reach;
}

static void moth(u8 i)
{
    u8 x = at_x[i] + swing[(phase[i] >> 1) & 31];
    i16 y = at_y[i] + (swing[phase[i] & 31] >> 1);

    if (near(x + 4, y + 4, REACH + 2)) {
        kind[i] = NOTHING;
        bird_eats(x, y);
        return;
    }
    sprite(x, y, phase[i] & 4 ? MOTH_A : MOTH_B, 0);
}

/* What a dart hits is gone; what hits a bird hurts. */
static void meet(u8 i, u8 x, i16 y, u8 reach)
{
    if (!near(x, y, reach)) {
        return;
    }
    if (darting) {
        kind[i] = NOTHING;
        add_score(50, 1);
        pop(x - 4, y - 4, PUFF_A, 0, -1);
        flash(3);
        play_sound(SOUND_KILL);
    } else {
        bird_hurt();
    }
}

static void bat(u8 i)
{
    i16 y = at_y[i] + (swing[(phase[i] >> 1) & 31] >> 1);

    if (flue > 2 || (clock & 1)) {
        at_x[i] += way[i];
    }
    if (at_x[i] < 18 || at_x[i] > 126) {
        way[i] = -way[i];
        at_x[i] += way[i] * 2;
    }
    sprite_wide(at_x[i], y, phase[i] & 8 ? BAT_A : BAT_B, way[i] < 0 ? LOOK_MIRRORED : 0);
    meet(i, at_x[i] + 8, y + 8, REACH - 2);
}

static void spider(u8 i)
{
    i16 hang = 14 + swing[(phase[i] >> 2) & 31];
    i16 y = at_y[i] + 8 + hang;

    sprite(at_x[i] + 4, y - 13, THREAD, 0);
    if (hang > 12) {
        sprite(at_x[i] + 4, y - 26, THREAD, 0);
    }
    sprite_wide(at_x[i], y, SPIDER, phase[i] & 8 ? LOOK_MIRRORED : 0);
    meet(i, at_x[i] + 8, y + 6, REACH - 2);
}

static void ember(u8 i)
{
    u8 x = at_x[i] + (swing[(phase[i] >> 1) & 31] >> 2);

    at_y[i] -= 1 + (clock & 1);
    if (at_y[i] < -16) {
        kind[i] = NOTHING;
        return;
    }
    sprite(x, at_y[i], phase[i] & 4 ? EMBER_A : EMBER_B, 0);
    meet(i, x + 4, at_y[i] + 4, REACH - 4);
}

void things_step(void)
{
    u8 i;

    for (i = 0; i != THINGS; ++i) {
        if (at_y[i] > VIEW + 16) {
            kind[i] = NOTHING;
        }
        ++phase[i];
        switch (kind[i]) {
        case MOTH:
            moth(i);
            break;
        case BAT:
            bat(i);
            break;
        case SPIDER_THING:
            spider(i);
            break;
        case EMBER:
            ember(i);
            break;
        }
    }
}
