/* Tinderfell: a game for the NES. Two wardens keep three huts from a burning wood until rain comes. */

#include "game.h"

void main(void)
{
    u8 number;

    load_best();
    for (;;) {
        title();
        clear_score();
        huts = HUTS;
        for (number = 1; night(number); ++number) {
            dawn(number);
            if (number == 98) {
                --number;
            }
        }
        lost(number);
    }
}
