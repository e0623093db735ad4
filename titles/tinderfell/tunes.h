/* The tunes, as text: sixteen rows a bar. See tunes.c. */

#ifndef TUNES_H
#define TUNES_H

#include "game.h"

struct tune {
    const char *melody, *bass, *drums;
    /* Frames a row has, how many rows there are, and whether it starts again. */
    u8 pace, rows, again;
    /* The first degree of its scale, in semitones above the C below the bass clef. */
    u8 root;
};

extern const struct tune tunes[];

#endif
