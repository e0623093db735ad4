/* What is heard: effects, and three songs written as text (see pf_sound.h). */
#include "game.h"

static pf_synth synth;

/* wave, note, to note, attack, hold, decay (ms), volume, pan, echo */
static const pf_tone effects[] = {
    [SFX_CATCH] = {PF_PULSE_THIN, 72, 76, 0, 40, 180, 110, 0, 150},
    [SFX_LOOP] = {PF_TRIANGLE, 64, 57, 0, 10, 110, 90, 0, 40},
    [SFX_HURT] = {PF_SAW, 60, 28, 0, 60, 380, 220, 0, 60},
    [SFX_DASH] = {PF_NOISE, 90, 120, 5, 30, 120, 70, 0, 20},
    [SFX_SHELL] = {PF_PULSE, 84, 52, 0, 8, 120, 120, 0, 90},
    [SFX_PICK] = {PF_SINE, 84, 96, 0, 40, 160, 150, 0, 120},
    [SFX_HEART] = {PF_TRIANGLE, 72, 84, 0, 120, 300, 200, 0, 140},
    [SFX_MOVE] = {PF_PULSE, 76, 76, 0, 10, 40, 80, 0, 0},
    [SFX_OK] = {PF_PULSE_THIN, 76, 88, 0, 60, 160, 120, 0, 120},
    [SFX_BOOM] = {PF_NOISE, 84, 40, 0, 60, 700, 255, 0, 120},
    [SFX_WARN] = {PF_PULSE, 88, 88, 0, 40, 40, 90, 0, 60},
    [SFX_JOIN] = {PF_TRIANGLE, 60, 84, 10, 60, 300, 180, 0, 140},
    [SFX_CLEAR] = {PF_PULSE_THIN, 69, 93, 0, 200, 500, 130, 0, 200},
    [SFX_SNUFF] = {PF_SAW, 48, 30, 10, 40, 220, 120, 0, 120},
    [SFX_OVER] = {PF_TRIANGLE, 57, 33, 20, 400, 1400, 230, 0, 180},
};

static const pf_tone bass = {PF_TRIANGLE, 45, 45, 2, 90, 140, 190, 0, 0};
static const pf_tone arp = {PF_PULSE_THIN, 69, 69, 2, 20, 150, 34, -50, 120};
static const pf_tone lead = {PF_SINE, 69, 69, 8, 120, 520, 105, 40, 170};
static const pf_tone kick = {PF_SINE, 48, 10, 0, 20, 130, 255, 0, 0};
static const pf_tone snare = {PF_NOISE, 110, 96, 0, 6, 110, 75, 10, 40};
static const pf_tone hat = {PF_NOISE, 131, 131, 0, 2, 28, 34, 50, 0};
static const pf_tone pad = {PF_TRIANGLE, 57, 57, 60, 500, 900, 130, 0, 90};
static const pf_tone bell = {PF_SINE, 69, 69, 4, 60, 480, 62, -40, 180};
static const pf_tone sting = {PF_SAW, 69, 69, 4, 120, 380, 60, 30, 150};

static const pf_track title_tracks[] = {
    {"D2..............A2.............."
    "F2..............C3.............."
    "C2..............G2.............."
    "A2..............E2..............", &pad},
    {"D4..F4..A4..C5..E5..C5..A4..F4.."
    "F4..A4..C5..E5..G5..E5..C5..A4.."
    "C4..E4..G4..B4..D5..B4..G4..E4.."
    "A3..C4..E4..G4..B4..G4..E4..C4..", &bell},
    {"................................"
    "A5..............G5......E5......"
    "D5.............................."
    "E5..............C5......A4......", &lead},
};
static const pf_track play_tracks[] = {
    {"A2....A2....A3..A2..G2..A2..E2.."
    "F2....F2....F3..F2..E2..F2..C3.."
    "D2....D2....D3..D2..C3..D2..A2.."
    "E2....E2....E3..E2..g2..B2..E2..", &bass},
    {"A4..C5..E5..C5..A4..C5..E5..G5.."
    "A4..C5..F5..C5..A4..C5..F5..E5.."
    "A4..D5..F5..D5..A4..D5..F5..A5.."
    "g4..B4..E5..B4..g4..B4..E5..D5..", &arp},
    {"E5..........D5..C5......A4......"
    "C5..........D5..E5.............."
    "F5..........E5..D5......A4......"
    "B4..........C5..B4......g4......"
    "A5..........G5..E5......C5......"
    "F5..E5..C5......A4.............."
    "D5..F5..A5......G5..F5..E5..D5.."
    "E5.............................."
    "................................"
    "................A5......G5......"
    "F5......D5......................"
    "........g4......B4......E5......", &lead},
    {"C3..............C3....C3........", &kick},
    {"........C6..............C6......"
    "........C6..............C6....C6", &snare},
    {"C9..C9..C9..C9..C9..C9..C9..C9C9", &hat},
};
static const pf_track queen_tracks[] = {
    {"E2..E2..E3..E2..F2..F2..F3..F2.."
    "E2..E2..E3..E2..D2..D2..a2..A2..", &bass},
    {"E4G4B4E5B4G4E4G4F4A4C5F5C5A4F4A4"
    "E4G4B4E5B4G4E4G4D4F4a4D5a4F4a3A3", &arp},
    {"B5..............A5..........C6.."
    "B5..........G5..E5.............."
    "B5..............C6..........D6.."
    "E6..........D6..a5......A5......", &sting},
    {"C3......C3......C3......C3......", &kick},
    {"........C6..............C6......"
    "........C6..............C6....C6", &snare},
    {"C9..C9..C9..C9..C9..C9..C9..C9C9", &hat},
};
static const pf_song songs[] = {{0, 0, 0}, {title_tracks, 3, 150}, {play_tracks, 6, 118}, {queen_tracks, 6, 104}};

void sfx(int which, int shift) {
    if (g.scene == TITLE && which != SFX_OK) return; /* the demonstration is quiet */
    pf_play_at(&synth, &effects[which], shift, 256);
}

void song(int which) {
    if (synth.song != (which ? &songs[which] : 0)) pf_sing(&synth, which ? &songs[which] : 0);
}

void sound_step(void) {
    synth.song_volume = g.paused ? 40 : g.scene == CHOOSE ? 80 : 130;
    pf_sound(&synth);
}
