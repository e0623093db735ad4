/* The weather: lightning, sparks that the wind carries, leaves that show the wind, and rain at dawn. */

#include "game.h"

#define SPARKS 6
#define LEAVES 4
/* Frames between the mark and its lightning. */
#define WARNING 56

static const u8 step_x[4] = { 0, 1, 0, 255 };
static const u8 step_y[4] = { 255, 0, 1, 0 };
static const u8 backdrop[1] = { 0x0C };
static const u8 flash[1] = { 0x30 };

static u8 mark, mark_left, until_next, every;
static u8 bold;
static u8 flash_left;
static u8 spark_x[SPARKS], spark_y[SPARKS], spark_left[SPARKS], spark_way[SPARKS];
static u8 leaf_x[LEAVES], leaf_y[LEAVES];

void storm_reset(u8 night)
{
    u8 i;

    mark_left = flash_left = 0;
    every = night > 8 ? 36 : 164 - (night << 4);
    bold = night > 2;
    until_next = 30;
    for (i = 0; i != SPARKS; ++i) {
        spark_left[i] = 0;
    }
    for (i = 0; i != LEAVES; ++i) {
        leaf_x[i] = chance();
        leaf_y[i] = chance();
    }
}

void spark_from(u8 cell)
{
    static u8 i;

    for (i = 0; i != SPARKS; ++i) {
        if (spark_left[i] == 0) {
            spark_x[i] = (cell << 4) + 4;
            spark_y[i] = (cell & 0xF0) + FIELD_Y + 4;
            spark_left[i] = 48 + (chance() & 31);
            spark_way[i] = wind;
            return;
        }
    }
}

/* A spark that flies within reach is put out. */
u8 swat(u8 x, u8 y)
{
    static u8 i;

    for (i = 0; i != SPARKS; ++i) {
        if (spark_left[i] && (u8)(spark_x[i] - x + 12) < 24 && (u8)(spark_y[i] - y + 12) < 24) {
            spark_left[i] = 0;
            reward(cell_at(spark_x[i], spark_y[i]), 20);
            play_sound(SOUND_SWAT);
            return 1;
        }
    }
    return 0;
}

static void sparks_step(void)
{
    static u8 i, x, y;

    for (i = 0; i != SPARKS; ++i) {
        if (spark_left[i] == 0) {
            continue;
        }
        x = spark_x[i] + step_x[spark_way[i]];
        y = spark_y[i] + step_y[spark_way[i]];
        /* It staggers. */
        if ((spark_left[i] & 7) == 0) {
            if (spark_way[i] & 1) {
                y += (chance() & 2) - 1;
            } else {
                x += (chance() & 2) - 1;
            }
        }
        if (x < 2 || x > 250 || cell_at(x, y) == NOWHERE) {
            spark_left[i] = 0;
        } else {
            spark_x[i] = x;
            spark_y[i] = y;
            if (--spark_left[i] == 0) {
                ignite(cell_at(x, y));
            }
        }
    }
}

/* A tree beside a hut, if one is found at once. */
static u8 near_hut(void)
{
    static u8 cell, tries;

    cell = chance();
    for (tries = CELLS; tries != 0; --tries) {
        if (++cell >= CELLS) {
            cell = 0;
        }
        if (cells[cell] == HUT) {
            return neighbour(cell, chance() & 3);
        }
    }
    return NOWHERE;
}

/* At a tree, anywhere; in later nights every other time at one beside a hut. */
static void aim(void)
{
    static u8 tries, cell;

    for (tries = 12; tries != 0; --tries) {
        cell = tries == 12 && bold && (chance() & 1) ? near_hut() : chance();
        if (cell < CELLS && cells[cell] == TREE) {
            mark = cell;
            mark_left = WARNING;
            return;
        }
    }
}

static void strike(void)
{
    ignite(mark);
    strike_wardens(mark);
    play_sound(SOUND_THUNDER);
    put_colours(0, flash, 1);
    flash_left = 3;
}

static void leaves_step(void)
{
    static u8 i, x, y;

    x = (frames & 7) == 0;
    y = (frames & 15) == 0;
    /* Added up: a 6502 does not multiply. */
    for (i = wind_force; i != 0; --i) {
        x += step_x[wind];
        y += step_y[wind];
    }
    for (i = 0; i != LEAVES; ++i) {
        leaf_x[i] += x;
        leaf_y[i] += y;
    }
}

void storm_step(void)
{

    if (flash_left != 0 && --flash_left == 0) {
        put_colours(0, backdrop, 1);
    }
    if (mark_left != 0) {
        if (--mark_left == 0) {
            strike();
        }
    } else if (--until_next == 0) {
        until_next = every - (chance() & 31);
        /* Two wardens have more to do. */
        if (playing[0] && playing[1]) {
            until_next -= until_next >> 2;
        }
        aim();
    }
    sparks_step();
    leaves_step();
}

static void mark_draw(void)
{
    static u8 x, y, inset;

    x = mark << 4;
    y = (mark & 0xF0) + FIELD_Y;
    /* The corners close in. */
    inset = mark_left >> 3;
    sprite(x - inset, y - inset, SPRITE_MARK, FIERY);
    sprite(x + 8 + inset, y - inset, SPRITE_MARK, FIERY | MIRRORED);
    sprite(x - inset, y + 8 + inset, SPRITE_MARK, FIERY | UPSIDE);
    sprite(x + 8 + inset, y + 8 + inset, SPRITE_MARK, FIERY | MIRRORED | UPSIDE);
}

/* From the upper rim of the field down, in twelve pieces at most. */
static void bolt_draw(void)
{
    static u8 x, y, end;

    x = (mark << 4) + 4;
    end = (mark & 0xF0) + FIELD_Y + 8;
    y = end > FIELD_Y + 96 ? end - 96 : FIELD_Y;
    for (; y < end; y += 8) {
        sprite(x, y, SPRITE_BOLT, FIERY);
    }
}

void storm_draw(void)
{
    static u8 i;

    if (mark_left != 0 && (mark_left & 4)) {
        mark_draw();
    }
    if (flash_left != 0) {
        bolt_draw();
    }
    for (i = 0; i != SPARKS; ++i) {
        if (spark_left[i] != 0) {
            sprite(spark_x[i] - 4, spark_y[i] - 4, (frames + i) & 4 ? SPRITE_SPARK : SPRITE_EMBER, FIERY);
        }
    }
    for (i = 0; i != LEAVES; ++i) {
        if (leaf_y[i] > FIELD_Y && leaf_y[i] < FIELD_Y + ROWS * 16 - 8) {
            sprite(leaf_x[i], leaf_y[i], SPRITE_LEAF, WATERY | (frames + (i << 3) & 16 ? MIRRORED : 0));
        }
    }
}

void rain_draw(void)
{
    static u8 i, x, y;

    x = frames << 1;
    y = frames * 6;
    for (i = 0; i != 28; ++i) {
        x += 73;
        y += 41;
        if (y > FIELD_Y && y < 216) {
            sprite(x, y, SPRITE_RAIN, WATERY);
        }
    }
}
