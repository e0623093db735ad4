/* Fire: a cellular automaton. A quarter of the cells is visited in a frame, so each one every fourth. */

#include "game.h"

u8 wind, wind_force, fires;
/* Visits until a cell that smoulders is on fire. */
u8 smoulder_time;

static u8 cursor;
static u8 counted;
static u8 spread_mask, burn_time;
static u16 wind_left;

void fire_reset(u8 night)
{
    cursor = counted = fires = 0;
    wind = chance() & 3;
    wind_force = 1;
    wind_left = 600;
    /* A fire tries to spread when these bits of its time are 0: every 32nd visit, later every 16th. */
    spread_mask = night > 2 ? 15 : 31;
    smoulder_time = night > 9 ? 18 : 38 - (night << 1);
    burn_time = night > 6 ? 120 : 96 + (night << 2);
}

/* The next cell to the north, east, south or west. */
u8 neighbour(u8 cell, u8 way)
{
    switch (way) {
    case 0:
        return cell < COLUMNS ? NOWHERE : cell - COLUMNS;
    case 1:
        return (cell & 15) == 15 ? NOWHERE : cell + 1;
    case 2:
        return cell >= CELLS - COLUMNS ? NOWHERE : cell + COLUMNS;
    default:
        return (cell & 15) == 0 ? NOWHERE : cell - 1;
    }
}

/* With the wind more often than not; a strong one carries sparks. */
static void spread(u8 cell)
{
    u8 to, dice = chance();

    if ((dice & 7) < wind_force && (dice & 0xC0) == 0) {
        spark_from(cell);
    }
    to = neighbour(cell, (dice & 0x38) < (wind_force << 3) + 0x18 ? wind : (dice >> 1) & 3);
    if (to == NOWHERE) {
        return;
    }
    /* Walls hold out for a while. */
    if (cells[to] == TREE || (cells[to] == HUT && (dice & 1))) {
        ignite(to);
    }
}

static void burn_down(u8 cell)
{
    if (cells[cell] == HUT_FIRE) {
        set_cell(cell, RUIN);
        --huts;
        play_sound(SOUND_LOST);
    } else {
        set_cell(cell, ASH);
    }
}

static void visit(u8 cell)
{
    switch (cells[cell]) {
    case WET:
        if (--heat[cell] == 0) {
            set_cell(cell, TREE);
        }
        break;
    case SMOULDER:
    case HUT_SMOULDER:
        ++counted;
        if (--heat[cell] == 0) {
            set_cell(cell, cells[cell] + 1);
            heat[cell] = cells[cell] == FIRE ? burn_time : burn_time >> 1;
        }
        break;
    case FIRE:
    case HUT_FIRE:
        ++counted;
        if (--heat[cell] == 0) {
            burn_down(cell);
        } else if ((heat[cell] & spread_mask) == 0) {
            spread(cell);
        }
    }
}

static void change_wind(void)
{
    if (--wind_left == 0) {
        wind = (wind + (chance() & 1 ? 1 : 3)) & 3;
        wind_force = 1 + (chance() & 1) + (chance() & 1);
        wind_left = 480 + chance();
    }
}

void fire_step(void)
{
    static u8 end;

    end = cursor + CELLS / 4;
    for (; cursor != end; ++cursor) {
        /* Most cells are of a kind that nothing happens to. */
        if (cells[cursor] >= WET) {
            visit(cursor);
        }
    }
    if (cursor == CELLS) {
        cursor = 0;
        fires = counted;
        counted = 0;
    }
    change_wind();
}
