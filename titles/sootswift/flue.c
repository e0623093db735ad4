/* The flue: rows of tiles in a ring, as the picture unit has them, and what is in the way. */

#include "game.h"

/* Rows between two things in the way: fewer, flue by flue. */
#define SPACING_MOST 10
#define SPACING_LEAST 6

u8 flue, rows_left;

static u8 tiles[RING][WIDTH];
static u8 row[WIDTH];
static u8 until_barrier;
static u8 barriers;

/* The row of the ring at a height on the screen. */
static u8 ring_row(i16 y)
{
    return (u8)(((u8)y + scroll_y) >> 3) & (RING - 1);
}

/* What is at a place in the view; beyond its sides there is wall. */
u8 tile_at(u8 x, i16 y)
{
    u8 column = x >> 3;

    return column >= WIDTH ? BRICK_A : tiles[ring_row(y)][column];
}

void break_soot(u8 x, i16 y)
{
    u8 at = ring_row(y), column = x >> 3;

    if (tiles[at][column] != SOOT) {
        return;
    }
    tiles[at][column] = EMPTY;
    put_tile(column, at, EMPTY);
    pop(column << 3, y, CRUMB, -1, -2);
    pop(column << 3, y, CRUMB, 1, -3);
}

static u8 below(u8 limit)
{
    u8 value;

    do {
        value = chance() & 15;
    } while (value >= limit);
    return value;
}

static void plain_row(void)
{
    u8 i, dice;

    for (i = WALL; i != WIDTH - WALL; ++i) {
        dice = chance();
        row[i] = dice < 24 ? FAINT_A : dice < 48 ? FAINT_B : EMPTY;
    }
    dice = rows_left & 1;
    row[0] = BRICK_A + dice;
    row[1] = BRICK_B - dice;
    row[WIDTH - 2] = BRICK_A + dice;
    row[WIDTH - 1] = BRICK_B - dice;
}

static void ledge(u8 from, u8 to)
{
    u8 i;

    for (i = from; i < to; ++i) {
        row[i] = LEDGE;
    }
    if (from > WALL) {
        row[from] = LEDGE_LEFT;
    }
    if (to < WIDTH - WALL) {
        row[to - 1] = LEDGE_RIGHT;
    }
}

/* From one side, with a hot end in later flues. */
static void side_ledge(u8 hot)
{
    u8 length = 6 + below(5);

    if (chance() & 1) {
        ledge(WALL, WALL + length);
        if (hot) {
            row[WALL + length - 1] = HOT;
            row[WALL + length - 2] = HOT;
        }
    } else {
        ledge(WIDTH - WALL - length, WIDTH - WALL);
        if (hot) {
            row[WIDTH - WALL - length] = HOT;
            row[WIDTH - WALL - length + 1] = HOT;
        }
    }
}

static void gap(u8 width)
{
    u8 from = WALL + 1 + below(14 - width);

    ledge(WALL, from);
    ledge(from + width, WIDTH - WALL);
    things_add(MOTH, (from << 3) + (width << 2) - 4, -24);
}

static void island(void)
{
    u8 from = WALL + 3 + below(5);

    ledge(from, from + 5);
    if (flue > 1 && (chance() & 1)) {
        things_add(SPIDER_THING, (from << 3) + 12, 0);
    }
}

static void soot(void)
{
    u8 i;

    for (i = WALL; i != WIDTH - WALL; ++i) {
        row[i] = SOOT;
    }
    /* Three are missing, in the first flue. */
    if (flue == 1) {
        i = WALL + 2 + below(9);
        row[i] = row[i + 1] = row[i + 2] = EMPTY;
    }
}

static void barrier(void)
{
    u8 dice = chance() & 7;

    ++barriers;
    /* The first is easy, the second shows what soot is. */
    if (barriers == 1) {
        dice = 0;
    } else if (barriers == 2) {
        dice = 7;
    }
    switch (dice) {
    case 0:
    case 1:
        side_ledge(0);
        break;
    case 2:
        side_ledge(flue > 1);
        break;
    case 3:
    case 4:
        gap(flue > 4 ? 4 : flue > 2 ? 5 : 6);
        break;
    case 5:
    case 6:
        island();
        break;
    default:
        soot();
    }
    if (dice < 3 && flue > 1 && (chance() & 3) == 0) {
        things_add(SPIDER_THING, 24 + (chance() & 63), 0);
    }
}

/* Something to eat, and something to fear, between two barriers. */
static void inhabit(void)
{
    u8 x = 24 + (chance() & 63) + (chance() & 31);

    things_add(MOTH, x, -12);
    if (flue > 2 || (flue == 2 && (chance() & 1)) || (flue == 1 && barriers > 7 && (chance() & 1))) {
        if ((chance() & 3) != 0) {
            things_add(BAT, 24 + (chance() & 63), -16);
        }
    }
    if (flue > 2 && (chance() & 1)) {
        things_add(EMBER, 24 + (chance() & 63) + (chance() & 31), VIEW);
    }
}

static void sky_row(void)
{
    u8 i, dice;

    for (i = 0; i != WIDTH; ++i) {
        dice = chance();
        row[i] = dice < 8 ? STAR_A : dice < 24 ? STAR_B : EMPTY;
    }
}

static void make_row(void)
{
    if (rows_left == 0) {
        sky_row();
        return;
    }
    --rows_left;
    plain_row();
    if (rows_left == 0) {
        row[0] = row[1] = row[WIDTH - 2] = row[WIDTH - 1] = RIM;
        return;
    }
    if (rows_left < 4) {
        return;
    }
    --until_barrier;
    if (until_barrier == 0) {
        until_barrier = flue > 4 ? SPACING_LEAST : SPACING_MOST - flue;
        barrier();
    } else if (until_barrier == 4) {
        inhabit();
    }
}

static void store_row(u8 at)
{
    u8 i;

    for (i = 0; i != WIDTH; ++i) {
        tiles[at][i] = row[i];
    }
    put_row(at, row);
}

/* A row more, just above the view; for each eight lines that it climbs. */
void flue_row(void)
{
    make_row();
    store_row((u8)((scroll_y >> 3) - 1) & (RING - 1));
}

void flue_reset(void)
{
    rows_left = flue > 4 ? 250 : 160 + flue * 20;
    until_barrier = 8;
    barriers = 0;
}

/* All that is seen at first: bare walls, and a ledge to start from. */
void flue_fill(void)
{
    u8 i;

    for (i = 0; i != RING; ++i) {
        plain_row();
        rows_left ^= 1;
        if (i == 11) {
            ledge(WALL + 5, WALL + 11);
        }
        store_row(i);
    }
}
