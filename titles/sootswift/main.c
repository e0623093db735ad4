/* Sootswift: a game for the Game Boy. A swift that fell down a chimney climbs out again, flue after flue. */

#include "game.h"

void main(void)
{
    screen_off();
    load_best();
    load_art();
    sound_reset();
    for (;;) {
        title();
        clear_score();
        bird_new();
        for (flue = 1; climb(); ++flue) {
            sky();
            if (flue == 98) {
                --flue;
            }
        }
        lost();
    }
}
