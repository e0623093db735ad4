/* The rules of the pond, by themselves: no picture, no device, no time. levels.py says them a second time, to prove that
 * every level can be solved.
 *
 * A pebble dropped on free water sends a ripple along four arms, as far as REACH cells or the next shore or rock. What
 * floats on an arm is carried outwards to the rim, or until something is in its way. Reeds let the ripple through but
 * hold what drifts into them. Then streams carry on what lies on them. */
#ifndef RULES_H
#define RULES_H

#include <stdint.h>

enum { COLS = 8, ROWS = 7, CELLS = COLS * ROWS, REACH = 3, FLOATS = 8, STAGES = 24 };

enum { WATER, LAND, ROCK, REEDS, STREAM_RIGHT, STREAM_DOWN, STREAM_LEFT, STREAM_UP };

/* What floats: lanterns of three colours, and driftwood, which has no goal. */
enum { GOLD, ROSE, JADE, COLOURS, WOOD = COLOURS };

typedef struct {
    uint8_t ground[CELLS];
    int8_t lily[CELLS]; /* colour of the lily, or -1 */
    uint8_t count, kind[FLOATS];
} pond;

/* Where each thing floats. It is all that changes during a level, so it is all that undo keeps. */
typedef struct {
    uint8_t at[FLOATS];
} places;

/* What one pebble does, to be shown: stage 0 is before, 1 after the ripple, the others are steps of the streams. */
typedef struct {
    int stages;
    places stage[STAGES];
} drift;

/* Reads a level of ROWS * COLS letters (see levels.txt). */
void pond_read(pond *p, places *start, const char *text);
int can_drop(const pond *p, const places *now, int cell);
void drop(const pond *p, const places *now, int cell, drift *out);
int all_lit(const pond *p, const places *now);
/* The floating thing on a cell, or -1. */
int floating(const pond *p, const places *now, int cell);
/* The cell `steps` from `cell` in direction 0 right, 1 down, 2 left, 3 up; -1 outside. */
int neighbour(int cell, int direction, int steps);

#endif
