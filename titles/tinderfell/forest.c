/* The cells: planted anew each night, and drawn as they change. */

#include <string.h>
#include "game.h"

u8 cells[CELLS];
/* What a cell has left: a fire its time to burn, a wet tree its wetness. Counted in visits of fire_step(). */
u8 heat[CELLS];
u8 huts, trees;

/* Changed cells, waiting to be drawn: a ring with more places than there are cells. */
static u8 changed[256];
static u8 changed_from, changed_to;

/* 0 letters and stone, 1 trees, 2 fire, 3 water and huts. */
static const u8 palettes[KINDS] = { 1, 1, 1, 3, 2, 2, 0, 1, 3, 0, 3, 2, 2, 0 };

/* Beats out into this, 0 for what does not burn. */
static const u8 saved[KINDS] = { 0, 0, 0, 0, WET, ASH, 0, 0, 0, 0, 0, HUT, HUT, 0 };

static u8 looks(u8 cell)
{
    static u8 kind;

    kind = cells[cell];
    /* Trees of two kinds, mixed, are no wallpaper. */
    if (kind == TREE && ((cell * 5) ^ (cell >> 3)) & 2) {
        kind = TREE_B;
    }
    return kind;
}

static void draw(u8 cell)
{
    static u8 kind;

    kind = looks(cell);
    put_field_tile(cell, TILE_FIELD + (kind << 2), palettes[kind]);
}

void draw_forest(void)
{
    u8 i;

    for (i = 0; i != CELLS; ++i) {
        draw(i);
    }
    changed_from = changed_to;
}

void set_cell(u8 cell, u8 kind)
{
    cells[cell] = kind;
    changed[changed_to++] = cell;
}

/* As many as the blank has time for. */
void redraw_some(void)
{
    while (changed_from != changed_to && queue_room() >= FIELD_TILE) {
        draw(changed[changed_from++]);
    }
}

void count_trees(void)
{
    static u8 i;

    trees = 0;
    for (i = 0; i != CELLS; ++i) {
        if (cells[i] == TREE || cells[i] == WET) {
            ++trees;
        }
    }
}

/* The cell at a place on the screen. */
u8 cell_at(u8 x, u8 y)
{
    if (y < FIELD_Y || y >= FIELD_Y + ROWS * 16) {
        return NOWHERE;
    }
    return ((y - FIELD_Y) & 0xF0) | (x >> 4);
}

u8 blocks(u8 x, u8 y)
{
    static u8 kind;

    y -= FIELD_Y;
    if (y >= ROWS * 16) {
        return 1;
    }
    kind = cells[(y & 0xF0) | (x >> 4)];
    return kind == ROCK || kind >= HUT;
}

u8 burning(u8 cell)
{
    return saved[cells[cell]];
}

void ignite(u8 cell)
{
    if (cells[cell] == TREE) {
        set_cell(cell, SMOULDER);
        heat[cell] = smoulder_time;
    } else if (cells[cell] == HUT) {
        set_cell(cell, HUT_SMOULDER);
        heat[cell] = smoulder_time + 12;
    } else {
        return;
    }
    play_sound(SOUND_IGNITE);
}

/* Water on a cell: points if it burned. A tree that did not is wet for a while and will not catch fire. */
u8 douse(u8 cell)
{
    u8 kind = cells[cell];
    u8 now = saved[kind];

    if (kind == TREE || kind == WET) {
        now = WET;
    }
    if (now == 0) {
        return 0;
    }
    if (now != kind) {
        set_cell(cell, now);
    }
    heat[cell] = now == HUT ? 0 : 120 + (chance() & 31);
    return kind >= HUT ? 40 : kind == FIRE ? 10 : kind == SMOULDER ? 15 : 0;
}

static u8 somewhere(void)
{
    u8 cell;

    do {
        cell = chance();
    } while (cell >= CELLS);
    return cell;
}

/* A path of bare ground, wandering. */
static void clear_path(u8 cell, u8 length)
{
    u8 next;

    for (; length != 0; --length) {
        cells[cell] = GRASS;
        next = neighbour(cell, chance() & 3);
        if (next != NOWHERE) {
            cell = next;
        }
    }
}

/* Where the wardens start, beside each other: bare ground. */
#define START (6 * COLUMNS + 7)

/* Not at the rim, where wardens could not go around. */
static u8 inside(void)
{
    u8 cell;

    do {
        cell = somewhere();
    } while ((cell & 15) < 2 || (cell & 15) > 12 || cell < 2 * COLUMNS || cell >= (ROWS - 2) * COLUMNS);
    return cell;
}

static void place_pond(void)
{
    u8 cell = inside();

    cells[cell] = cells[cell + 1] = WATER;
    cells[cell + COLUMNS] = cells[cell + COLUMNS + 1] = WATER;
}

/* Not in the water, with dry ground at the door, apart from other huts, and not on a warden. */
static u8 fits_hut(u8 cell)
{
    return cells[cell] != WATER && cells[cell + COLUMNS] != WATER && cells[cell - 1] != HUT && cells[cell + 1] != HUT
        && cell != START && cell != START + 1;
}

static void place_hut(u8 column)
{
    u8 cell, way;

    do {
        cell = inside();
    } while ((cell & 15) < column || (cell & 15) > column + 3 || !fits_hut(cell));
    /* It stands among trees, but for its door. */
    for (way = 0; way != 4; ++way) {
        if (cells[neighbour(cell, way)] == GRASS) {
            cells[neighbour(cell, way)] = TREE;
        }
    }
    cells[cell] = HUT;
    if (cells[cell + COLUMNS] == TREE) {
        cells[cell + COLUMNS] = GRASS;
    }
}

/* As many huts as there are left, since a burnt one stays lost. The wood gets denser and the ponds fewer, night by night. The wardens start on bare ground. */
void plant(u8 night)
{
    u8 i;

    memset(cells, TREE, CELLS);
    memset(heat, 0, CELLS);
    i = night > 8 ? 3 : 7 - (night >> 1);
    for (; i != 0; --i) {
        clear_path(somewhere(), 14);
    }
    clear_path(START, 12);
    for (i = night > 5 ? 2 : 3; i != 0; --i) {
        place_pond();
    }
    for (i = 5; i != 0; --i) {
        cells[inside()] = ROCK;
    }
    for (i = 0; i != huts; ++i) {
        place_hut(2 + (i << 2));
    }
    cells[START] = cells[START + 1] = GRASS;
    count_trees();
}
