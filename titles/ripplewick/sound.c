/* What is heard: soft effects, and music that does not repeat itself soon, because its lines are of different lengths. All
 * of it is in D major pentatonic, so that a chime fits wherever the music is. */
#include "game.h"

static pf_synth synth;

/* wave, note, to note, attack, hold, decay (ms), volume, pan, echo */
static const pf_tone effects[] = {
    [SFX_PLOP] = {PF_SINE, 55, 79, 0, 20, 130, 170, 0, 110},
    [SFX_NO] = {PF_TRIANGLE, 45, 43, 2, 20, 90, 120, 0, 20},
    [SFX_TICK] = {PF_SINE, 81, 81, 0, 8, 50, 60, 0, 30},
    [SFX_OK] = {PF_SINE, 74, 78, 2, 40, 240, 110, 0, 120},
    [SFX_UNDO] = {PF_SINE, 76, 57, 2, 30, 150, 120, 0, 80},
    [SFX_LIT] = {PF_TRIANGLE, 74, 74, 2, 60, 700, 110, 0, 170},
    [SFX_OUT] = {PF_TRIANGLE, 62, 57, 5, 40, 260, 80, 0, 80},
    [SFX_BUMP] = {PF_NOISE, 62, 50, 0, 8, 70, 60, 0, 30},
    [SFX_STREAM] = {PF_NOISE, 88, 100, 40, 40, 200, 20, 0, 60},
    [SFX_RISE] = {PF_SINE, 62, 86, 300, 300, 1200, 60, 0, 200},
    [SFX_STAR] = {PF_TRIANGLE, 86, 86, 0, 50, 800, 100, 0, 190},
};
static const pf_tone splash = {PF_NOISE, 108, 84, 2, 12, 150, 40, 0, 60};
static const pf_tone wash = {PF_NOISE, 74, 92, 60, 60, 500, 20, 0, 80};

static const pf_tone deep = {PF_TRIANGLE, 50, 50, 500, 1500, 2600, 74, 0, 60};
static const pf_tone pad = {PF_SINE, 62, 62, 900, 1400, 2600, 52, -40, 120};
static const pf_tone veil = {PF_SINE, 66, 66, 900, 1200, 2400, 44, 45, 120};
static const pf_tone pluck = {PF_TRIANGLE, 74, 74, 4, 30, 900, 46, 25, 170};
static const pf_tone bell = {PF_SINE, 86, 86, 3, 30, 1500, 36, -55, 200};

/* A step is 420 ms. The lines last 64, 64, 48, 56 and 72 steps. */
static const pf_track tracks[] = {
    {"D2..............B1..............G1..............A1.............."
     "D2..............B1..............E2..............A1..............", &deep},
    {"f3..............f3..............D3..............E3.............."
     "A3..............B3..............B3..............A3..............", &pad},
    {"A3..........D4..........B3..........f3.........."
     "A3..........E4..........D4..........B3..........", &veil},
    {"D4....A4......f4....E4..........B4....A4........f4..D4.........."
     "A4....B4......D5....B4..A4......f4....E4........", &pluck},
    {"........f5..............E5................A5................B5.."
     "..........D6........A5..................f5......................E5..............", &bell},
};
static const pf_song song = {tracks, 5, 420};

void sfx(int which, int shift) {
    pf_play_at(&synth, &effects[which], shift, 256);
    if (which == SFX_PLOP) pf_play(&synth, &splash), pf_play(&synth, &wash);
}

void chime(int step) {
    static const int scale[5] = {0, 2, 4, 7, 9};
    sfx(SFX_LIT, scale[step % 5] + 12 * (step / 5));
}

void sound_step(void) {
    const pf_song *wanted = g.muted ? 0 : &song;
    if (synth.song != wanted) pf_sing(&synth, wanted);
    synth.song_volume = g.scene == TITLE ? 210 : 165;
    pf_sound(&synth);
}
