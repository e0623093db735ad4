/* What flies off for a moment: splashes, puffs, and what a good deed was worth. */

#include "game.h"

#define POPS 10
/* Frames within which another good deed lengthens the chain. */
#define CHAIN_FRAMES 110
#define CHAIN_MOST 8

u8 chain;

/* There is room in the zero page, and little elsewhere. */
#pragma bss-name(push, "ZEROPAGE")
static u8 pop_x[POPS], pop_y[POPS], pop_tile[POPS], pop_look[POPS], pop_left[POPS];
#pragma bss-name(pop)

static u8 next;
static u8 chain_left;

void pops_reset(void)
{
    u8 i;

    chain = 0;
    for (i = 0; i != POPS; ++i) {
        pop_left[i] = 0;
    }
}

void pop(u8 x, u8 y, u8 tile, u8 attributes)
{
    pop_x[next] = x;
    pop_y[next] = y;
    pop_tile[next] = tile;
    pop_look[next] = attributes;
    pop_left[next] = 24;
    if (++next == POPS) {
        next = 0;
    }
}

/* Points for what was done at a cell, times the chain, which grows with each deed in time. */
void reward(u8 cell, u8 points)
{
    static u8 x, y;

    if (chain < CHAIN_MOST) {
        ++chain;
    }
    chain_left = CHAIN_FRAMES;
    add_score(points, chain);
    x = cell << 4;
    y = (cell & 0xF0) + FIELD_Y;
    if (chain > 1) {
        pop(x, y, SPRITE_TIMES, FIERY);
        pop(x + 7, y, SPRITE_DIGIT + chain, FIERY);
    } else {
        pop(x + 4, y, SPRITE_PUFF, WATERY);
    }
}

void pops_step(void)
{
    static u8 i;

    if (chain_left != 0 && --chain_left == 0) {
        chain = 0;
    }
    for (i = 0; i != POPS; ++i) {
        if (pop_left[i] != 0) {
            --pop_left[i];
            if (pop_left[i] & 1) {
                --pop_y[i];
            }
            sprite(pop_x[i], pop_y[i], pop_tile[i], pop_look[i]);
        }
    }
}
