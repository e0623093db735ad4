/* A level being played: what pond.c moves and pond_draw.c shows.
 *
 *   AIM --pebble--> FALL --> RIPPLE --> FLOW (streams) --> AIM, or with every lantern at its lily --> RISE --> DONE
 *    ^--------------------- BACK (undo and restart) ----------------------------------------------------'
 *
 * The rules are done with a pebble the moment it falls; all after AIM is only shown, so a new touch may cut it short. */
#ifndef POND_H
#define POND_H

#include "game.h"

enum { AIM, FALL, RIPPLE, FLOW, BACK, RISE, DONE };
enum { FALL_TICKS = 13, RIPPLE_TICKS = 48, FLOW_TICKS = 10, BACK_TICKS = 14, RISE_TICKS = 120, STAR_TICKS = 16, CREST_QUARTERS = 9 };
enum { MOMENTS = 256 };
enum { BUTTON_UNDO, BUTTON_RESTART, BUTTON_MAP, BUTTONS, BUTTON_Y = 110, BUTTON_STEP = 42, BUTTON_H = 38 };

typedef struct {
    places at;
    uint16_t pebbles;
} moment;

typedef struct {
    pond pond;
    places start, now, from; /* from: where things drift back from */
    drift drift;      /* what the last pebble does */
    moment history[MOMENTS];
    int moments, pebbles;
    int state, tick, stage; /* tick: in this state; stage: step of the streams */
    int cell;               /* where the last pebble fell */
    int lanes[4];           /* cells its ripple reaches, by direction */
    int cursor, aim;        /* aim: the cell to be shown as aimed at, or -1 */
    drift ahead;            /* what a pebble there would do */
    int lit;                /* bit per thing: a lantern at its lily */
    int button, record;     /* button: pressed now, or -1; record: fewer pebbles than ever */
} play;
extern play here;

/* Where a thing is now, in pixels; FLOW, BACK and so on included. */
void thing_at(int which, int *x, int *y);
void arm_lengths(int cell, int lanes[4]);
static inline int middle_x(int cell) { return LEFT + cell % COLS * CELL + CELL / 2; }
static inline int middle_y(int cell) { return TOP + cell / COLS * CELL + CELL / 2; }
static inline int crest(int tick) { return tick * CREST_QUARTERS / 4; } /* radius of the ripple, in pixels */

#endif
