/* Music on the second pulse, the triangle and the noise; effects on the first pulse and, for their time, the noise. */

#include "tunes.h"

#define APU ((volatile u8 *)0x4000)
#define APU_ON (*(volatile u8 *)0x4015)

/* Periods of the pulses from the C two octaves below the middle one; a triangle sounds an octave lower. */
static const u16 periods[60] = {
    1709, 1613, 1523, 1437, 1356, 1280, 1208, 1140, 1076, 1016, 959, 905,
    854, 806, 761, 718, 678, 640, 604, 570, 538, 507, 479, 452,
    427, 403, 380, 359, 338, 319, 301, 284, 268, 253, 239, 225,
    213, 201, 189, 179, 169, 159, 150, 142, 134, 126, 119, 112,
    106, 100, 94, 89, 84, 79, 75, 70, 66, 63, 59, 56
};

static const u8 minor[7] = { 0, 2, 3, 5, 7, 8, 10 };

/* An effect: a pulse that glides, and a burst of noise; either may have no frames. */
struct effect {
    u16 period;
    int glide;
    u8 frames, shape;
    u8 noise, noise_frames;
};

/* In the order of game.h. A shape is the duty in its two upper bits. */
static const struct effect effects[] = {
    { 500, -22, 9, 0x80, 0, 0 },        /* throw */
    { 0, 0, 0, 0, 4, 10 },              /* splash */
    { 240, -10, 12, 0x80, 3, 6 },       /* saved */
    { 900, 60, 4, 0x40, 8, 3 },         /* chop */
    { 500, 50, 14, 0x40, 11, 14 },      /* fell */
    { 420, -16, 6, 0x80, 0, 0 },        /* fill */
    { 180, 24, 26, 0x00, 9, 20 },       /* singed */
    { 0, 0, 0, 0, 6, 6 },               /* ignite */
    { 1500, 20, 12, 0x00, 14, 40 },     /* thunder */
    { 160, -5, 8, 0x40, 2, 3 },         /* swat */
    { 400, 14, 60, 0x00, 13, 50 },      /* lost */
    { 900, 0, 5, 0x00, 0, 0 },          /* empty */
    { 340, -8, 24, 0x40, 0, 0 },        /* start */
    { 200, 0, 3, 0x80, 0, 0 },          /* tick */
};

static const struct tune *tune = tunes;
static u8 row, row_left, pace, melody_age, bass_left, drum_age, drum;
static u16 period;
static int glide;
static u8 effect_left, effect_shape, noise_left;

void sound_quiet(void)
{
    APU[0] = 0x30;
    APU[4] = 0x30;
    APU[8] = 0x80;
    APU[12] = 0x30;
}

void play_tune(u8 number)
{
    tune = tunes + number;
    row = 0;
    row_left = 1;
    pace = tune->pace;
    melody_age = 255;
    sound_quiet();
}

/* Frames a row has from now on. */
void sound_pace(u8 frames_a_row)
{
    pace = frames_a_row;
}

void play_sound(u8 sound)
{
    static const struct effect *effect;

    effect = effects + sound;
    if (effect->frames >= effect_left) {
        period = effect->period;
        glide = effect->glide;
        effect_left = effect->frames;
        effect_shape = effect->shape;
        APU[1] = 0x08;
        APU[3] = period >> 8;
    }
    if (effect->noise_frames > noise_left) {
        noise_left = effect->noise_frames;
        APU[14] = effect->noise;
        APU[15] = 0;
    }
}

static u16 pitch(u8 letter, u8 up)
{
    static u8 degree, note;

    degree = letter - 'a';
    note = tune->root + up;
    while (degree > 6) {
        degree -= 7;
        note += 12;
    }
    note += minor[degree];
    return periods[note > 59 ? 59 : note];
}

static void play_row(void)
{
    static u8 letter;
    static u16 high;

    letter = tune->melody[row];
    if (letter >= 'a') {
        high = pitch(letter, 0);
        APU[5] = 0x08;
        APU[6] = (u8)high;
        APU[7] = high >> 8;
        melody_age = 0;
    } else if (letter == '-') {
        melody_age = 255;
    }
    letter = tune->bass[row];
    if (letter >= 'a') {
        high = pitch(letter, 12);
        APU[8] = 0xFF;
        /* Plucked: a triangle has one loudness, and would drown the rest. */
        bass_left = pace + 3;
        APU[10] = (u8)high;
        APU[11] = high >> 8;
    } else if (letter == '-') {
        APU[8] = 0x80;
    }
    letter = tune->drums[row];
    if (letter >= 'a') {
        drum = letter;
        drum_age = 0;
        if (noise_left == 0) {
            APU[14] = letter == 'k' ? 13 : letter == 's' ? 6 : 2;
            APU[15] = 0;
        }
    }
}

static void next_row(void)
{
    row_left = pace;
    if (row == tune->rows) {
        if (!tune->again) {
            play_tune(TUNE_NONE);
            return;
        }
        row = 0;
    }
    play_row();
    ++row;
}

static void effect_step(void)
{
    if (effect_left == 0) {
        APU[0] = 0x30;
        return;
    }
    --effect_left;
    period += glide;
    APU[0] = effect_shape | 0x30 | (effect_left > 12 ? 12 : effect_left);
    APU[2] = (u8)period;
    /* Writing the upper bits starts the wave anew, which clicks: only when they change. */
    if ((period >> 8) != ((period - glide) >> 8)) {
        APU[3] = period >> 8;
    }
}

static void noise_step(void)
{
    static u8 loud;

    if (noise_left != 0) {
        --noise_left;
        loud = noise_left > 10 ? 10 : noise_left;
    } else if (drum_age < 8) {
        ++drum_age;
        loud = drum == 'h' ? (drum_age < 3 ? 3 : 0) : 7 - (drum_age > 7 ? 7 : drum_age);
    } else {
        loud = 0;
    }
    APU[12] = 0x30 | loud;
}

/* Once a frame. */
void sound_step(void)
{
    if (tune->rows != 0) {
        if (--row_left == 0) {
            next_row();
        }
        if (melody_age < 64) {
            ++melody_age;
        }
        APU[4] = 0x70 | (melody_age == 255 ? 0 : melody_age < 4 ? 12 : melody_age < 32 ? 10 - (melody_age >> 3) : 5);
        if (bass_left != 0 && --bass_left == 0) {
            APU[8] = 0x80;
        }
    }
    effect_step();
    noise_step();
}
