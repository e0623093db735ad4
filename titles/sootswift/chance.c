/* Chance: a 16-bit xorshift, stirred by when buttons are pressed. */

#include "game.h"

static u16 state = 0xACE1;

u8 chance(void)
{
    state ^= state << 7;
    state ^= state >> 9;
    state ^= state << 8;
    return (u8)state;
}

void stir(u8 with)
{
    state += with;
    if (state == 0) {
        state = 0xACE1;
    }
}
