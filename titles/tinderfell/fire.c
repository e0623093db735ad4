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
    /* A fire tries to spread when these bits of its time are 0: every 32nd visit, from the second night every 16th. */
    spread_mask = night > 1 ? 15 : 31;
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

/* The time of a cell that burns or dries has come. */
static void turn(u8 cell)
{
    switch (cells[cell]) {
    case WET:
        set_cell(cell, TREE);
        break;
    case SMOULDER:
        set_cell(cell, FIRE);
        heat[cell] = burn_time;
        break;
    case HUT_SMOULDER:
        set_cell(cell, HUT_FIRE);
        heat[cell] = burn_time >> 1;
        break;
    default:
        burn_down(cell);
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

/* How a kind of cell changes by itself. */
enum { STAYS, DRIES, GLOWS, BURNS };
static const u8 changes[KINDS] = {
    STAYS, STAYS, STAYS, DRIES, GLOWS, BURNS, STAYS, STAYS, STAYS, STAYS, STAYS, GLOWS, BURNS, STAYS
};

/* Fires are many: no calls here for those that just burn on. */
void fire_step(void)
{
    static u8 cell, end, change;

    cell = cursor;
    end = cell + CELLS / 4;
    for (; cell != end; ++cell) {
        change = changes[cells[cell]];
        if (change == STAYS) {
            continue;
        }
        if (change != DRIES) {
            ++counted;
        }
        if (--heat[cell] == 0) {
            turn(cell);
        } else if (change == BURNS && (heat[cell] & spread_mask) == 0) {
            spread(cell);
        }
    }
    if (cell == CELLS) {
        cell = 0;
        fires = counted;
        counted = 0;
    }
    cursor = cell;
    change_wind();
}
