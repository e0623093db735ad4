/* What flies off for a moment: crumbs, puffs, and what a moth was worth. */

#include "game.h"

#define POPS 8
#define POP_FRAMES 26

static u8 pop_x[POPS], pop_tile[POPS], pop_left[POPS];
static i16 pop_y[POPS];
static i8 pop_dx[POPS], pop_dy[POPS];
static u8 next;

void pops_reset(void)
{
    u8 i;

    for (i = 0; i != POPS; ++i) {
        pop_left[i] = 0;
    }
}

void pop(u8 x, i16 y, u8 tile, i8 dx, i8 dy)
{
    pop_x[next] = x;
    pop_y[next] = y;
    pop_tile[next] = tile;
    pop_dx[next] = dx;
    pop_dy[next] = dy;
    pop_left[next] = POP_FRAMES;
    next = (next + 1) & (POPS - 1);
}

void pops_scroll(u8 by)
{
    u8 i;

    for (i = 0; i != POPS; ++i) {
        pop_y[i] += by;
    }
}

void pops_step(void)
{
    u8 i, tile;

    for (i = 0; i != POPS; ++i) {
        if (pop_left[i] == 0) {
            continue;
        }
        --pop_left[i];
        pop_x[i] += pop_dx[i];
        pop_y[i] += pop_dy[i];
        tile = pop_tile[i];
        if (tile == CRUMB && (pop_left[i] & 3) == 0) {
            ++pop_dy[i];
        }
        if (tile == PUFF_A && pop_left[i] < 13) {
            tile = PUFF_B;
        }
        sprite(pop_x[i], pop_y[i], tile, 0);
    }
}
