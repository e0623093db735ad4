/*
 * The tunes. A letter is a degree of the scale, which is dorian: a to g the lowest octave, h to n the next, o to u, and
 * v to z. A dot lets the note ring, a minus ends it. Drums: k kick, s snare, h hat.
 */

#include "tunes.h"

static const char title_melody[] =
    "v...t.s.q.......s...q.p.o.......r...t.v.u...s...t.......-......."
    "v...t.s.q.......x...v.u.s.......r...s.t.q...p...o.......-.......";
static const char title_bass[] =
    "a...e...h...e...a...e...h...e...d...h...k...h...g...k...n...k..."
    "a...e...h...e...c...g...j...g...d...h...k...h...a...e...h...-...";
static const char title_drums[] =
    "h...h...h...h...h...h...h...h...h...h...h...h...h...h...h...h.h."
    "k...h...s...h...k...h...s...h...k...h...s...h...k...h...s.......";

static const char flue_melody[] =
    "o.q.s.q.v.s.q.s.r.q.o.q.l.......m.o.q.o.t.q.o.q.s...r...q...p..."
    "o.q.s.q.v.s.q.s.x.v.u.s.t.......v.u.t.s.r.q.p.o.p...n...o...-...";
static const char flue_bass[] =
    "a.a.h.a.a.a.h.a.d.d.k.d.d.d.k.d.f.f.m.f.f.f.m.f.g.g.n.g.e.e.l.e."
    "a.a.h.a.a.a.h.a.c.c.j.c.d.d.k.d.f.f.m.f.d.d.k.d.g.g.n.g.a.h.a...";
static const char flue_drums[] =
    "k..hs..hk.khs..hk..hs..hk.khs..hk..hs..hk.khs..hk..hs..hk.khs.ss"
    "k..hs..hk.khs..hk..hs..hk.khs..hk..hs..hk.khs..hk..hs..hk.s.ssss";

static const char sky_melody[] = "o.q.s.v.u.s.v.x.........";
static const char sky_bass[] = "a...c...d...e...a.......";
static const char sky_drums[] = "k...h...k...s...k.......";

static const char lost_melody[] = "s...r...q...p...o...n...l...........";
static const char lost_bass[] = "a.......g.......f.......e...........";
static const char lost_drums[] = "k.......k.......k.......k...........";

const struct tune tunes[] = {
    { 0, 0, 0, 0, 0, 0, 0 },
    { title_melody, title_bass, title_drums, 9, 128, 1, 2 },
    { flue_melody, flue_bass, flue_drums, 7, 128, 1, 2 },
    { sky_melody, sky_bass, sky_drums, 6, 24, 0, 2 },
    { lost_melody, lost_bass, lost_drums, 8, 36, 0, 2 },
};
