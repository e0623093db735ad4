/*
 * The tunes. A letter is a degree of the minor scale: a to g the lowest octave, h to n the next, o to u, and v to z.
 * A dot lets the note ring, a minus ends it. Drums: k kick, s snare, h hat.
 */

#include "tunes.h"

static const char title_melody[] =
    "o.......q...p.o.l...........j.l.m.......o...n.m.l..............."
    "o.......q...s.r.q...........o.q.p...n...p...n...o.......-.......";
static const char title_bass[] =
    "a...e...h...e...a...e...h...e...f...j...m...j...c...g...j...g..."
    "a...e...h...e...f...j...m...j...g...k...n...k...a...e...h...-...";
static const char title_drums[] =
    "k.....h.....h...k.....h.....h.h.k.....h.....h...k.....h.....h.h."
    "k.....h.....h...k.....h.....h.h.k.....h.....h...k...h...s.......";

static const char night_melody[] =
    "o...l.o.q...p.o.l.......j.k.l...m...m.o.q...o.m.n.......p.o.n.l."
    "o...l.o.s...r.q.q.......s.q.o.n.r..q.o..n...m.k.l...n...p...s...";
static const char night_bass[] =
    "a..ha..ha..ha.h.a..ha..ha..hg.e.f..mf..mf..mf.m.g..ng..ng..ng.n."
    "a..ha..ha..ha.h.c..jc..jc..jc.j.d..kd..kd..kd.k.e..le..le.e.e.g.";
static const char night_drums[] =
    "k.h.s.h.k.k.s.h.k.h.s.h.k.k.s.h.k.h.s.h.k.k.s.h.k.h.s.h.k.k.s.ss"
    "k.h.s.h.k.k.s.h.k.h.s.h.k.k.s.h.k.h.s.h.k.k.s.h.k.h.s.h.k.s.ssss";

static const char dawn_melody[] = "j.l.o.q.s...q.s.v.......";
static const char dawn_bass[] = "c...j...g...n...j.......";
static const char dawn_drums[] = "k...h...k...s...k.......";

static const char lost_melody[] = "o...n...m...l...k...j...h...........";
static const char lost_bass[] = "a.......f.......d.......a...........";
static const char lost_drums[] = "k.......k.......k.......k...........";

const struct tune tunes[] = {
    { 0, 0, 0, 0, 0, 0, 0 },
    { title_melody, title_bass, title_drums, 8, 128, 1, 9 },
    { night_melody, night_bass, night_drums, 7, 128, 1, 4 },
    { dawn_melody, dawn_bass, dawn_drums, 6, 24, 0, 7 },
    { lost_melody, lost_bass, lost_drums, 7, 36, 0, 4 },
};
