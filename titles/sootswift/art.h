/* Pictures as text, in three files; art.c makes tiles of them. */

#ifndef ART_H
#define ART_H

#include "game.h"

/* So many tiles wide, from that tile on, column by column, as sprites of 8x16 want it. The last has no width. */
struct picture {
    u8 tile, wide;
    const char *text;
};

extern const struct picture letter_art[], flue_art[], sprite_art[];

#endif
