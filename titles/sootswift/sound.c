/* Music on the second pulse, the wave and the noise; effects on the first pulse and, for their time, the noise. */

#include "tunes.h"

#define NR10 REG(0xFF10)
#define NR11 REG(0xFF11)
#define NR12 REG(0xFF12)
#define NR13 REG(0xFF13)
#define NR14 REG(0xFF14)
#define NR21 REG(0xFF16)
#define NR22 REG(0xFF17)
#define NR23 REG(0xFF18)
#define NR24 REG(0xFF19)
#define NR30 REG(0xFF1A)
#define NR31 REG(0xFF1B)
#define NR32 REG(0xFF1C)
#define NR33 REG(0xFF1D)
#define NR34 REG(0xFF1E)
#define NR41 REG(0xFF20)
#define NR42 REG(0xFF21)
#define NR43 REG(0xFF22)
#define NR44 REG(0xFF23)
#define NR50 REG(0xFF24)
#define NR51 REG(0xFF25)
#define NR52 REG(0xFF26)
#define WAVE ((volatile u8 *)0xFF30)

#define TRIGGER 0x80

/* Frequencies of the pulses from the C two octaves below the middle one; the wave sounds an octave lower. */
static const u16 notes[60] = {
    44, 156, 263, 363, 457, 547, 631, 711, 786, 856, 923, 986,
    1046, 1102, 1155, 1205, 1253, 1297, 1339, 1379, 1417, 1452, 1486, 1517,
    1547, 1575, 1602, 1627, 1650, 1673, 1694, 1714, 1732, 1750, 1767, 1783,
    1798, 1812, 1825, 1837, 1849, 1860, 1871, 1881, 1890, 1899, 1907, 1915,
    1923, 1930, 1936, 1943, 1949, 1954, 1959, 1964, 1969, 1974, 1978, 1982
};

static const u8 dorian[7] = { 0, 2, 3, 5, 7, 9, 10 };

/* A triangle with a little edge. */
static const u8 wave[16] = {
    0x02, 0x46, 0x8A, 0xCE, 0xFF, 0xED, 0xCB, 0xA9, 0x87, 0x65, 0x43, 0x21, 0x00, 0x00, 0x00, 0x01
};

/* An effect: a pulse that glides, and a burst of noise; a loudness of 0 is none. */
struct effect {
    u16 frequency;
    i8 glide;
    u8 frames, duty, loudness;
    u8 noise, noise_loudness, noise_frames;
};

/* In the order of game.h. Loudness is an envelope as the sound unit has it. */
static const struct effect effects[] = {
    { 1200, 22, 7, 0x40, 0x61, 0x31, 0x31, 4 },     /* flap */
    { 1300, 36, 14, 0x80, 0xA2, 0x33, 0x92, 14 },   /* dart */
    { 1750, 14, 10, 0x80, 0xA1, 0, 0, 0 },          /* eat */
    { 700, -30, 6, 0x40, 0x81, 0x62, 0x51, 4 },     /* bump */
    { 500, 10, 6, 0x00, 0x81, 0x53, 0xA2, 16 },     /* break */
    { 1500, -28, 24, 0x00, 0xC3, 0x65, 0xB3, 24 },  /* hurt */
    { 900, 40, 12, 0x80, 0xB2, 0x44, 0xA2, 12 },    /* kill */
    { 1800, 6, 30, 0x80, 0xB4, 0, 0, 0 },           /* feather */
    { 400, 0, 5, 0x00, 0x71, 0, 0, 0 },             /* empty */
    { 1700, 8, 24, 0x40, 0xA3, 0, 0, 0 },           /* start */
    { 1800, 0, 4, 0x80, 0x61, 0, 0, 0 },            /* tick */
    { 0, 0, 0, 0, 0, 0x22, 0x61, 10 },              /* ember */
};

static const struct tune *tune = tunes;
static u8 row, row_left, pace;
static u16 frequency;
static i8 glide;
static u8 effect_left, noise_left;

void sound_reset(void)
{
    u8 i;

    NR52 = 0x80;
    NR51 = 0xFF;
    NR50 = 0x77;
    NR10 = 0;
    NR30 = 0;
    for (i = 0; i != 16; ++i) {
        WAVE[i] = wave[i];
    }
    NR30 = 0x80;
}

void play_tune(u8 number)
{
    tune = tunes + number;
    row = 0;
    row_left = 1;
    pace = tune->pace;
    NR22 = 0;
    NR32 = 0;
}

/* Frames a row has from now on. */
void sound_pace(u8 frames_a_row)
{
    pace = frames_a_row;
}

void play_sound(u8 sound)
{
    const struct effect *effect = effects + sound;

    if (effect->loudness != 0 && effect->frames >= effect_left) {
        frequency = effect->frequency;
        glide = effect->glide;
        effect_left = effect->frames;
        NR11 = effect->duty;
        NR12 = effect->loudness;
        NR13 = (u8)frequency;
        NR14 = TRIGGER | (u8)(frequency >> 8);
    }
    if (effect->noise_frames > noise_left) {
        noise_left = effect->noise_frames;
        NR41 = 0;
        NR42 = effect->noise_loudness;
        NR43 = effect->noise;
        NR44 = TRIGGER;
    }
}

static u16 pitch(u8 letter, u8 up)
{
    u8 degree = letter - 'a', note = tune->root + up;

    while (degree > 6) {
        degree -= 7;
        note += 12;
    }
    note += dorian[degree];
    return notes[note > 59 ? 59 : note];
}

static void play_row(void)
{
    u8 letter = tune->melody[row];
    u16 note;

    if (letter >= 'a') {
        note = pitch(letter, 0);
        NR21 = 0x80;
        NR22 = 0x74;
        NR23 = (u8)note;
        NR24 = TRIGGER | (u8)(note >> 8);
    } else if (letter == '-') {
        NR22 = 0;
    }
    letter = tune->bass[row];
    if (letter >= 'a') {
        note = pitch(letter, 12);
        NR32 = 0x40;
        NR33 = (u8)note;
        NR34 = TRIGGER | (u8)(note >> 8);
    } else if (letter == '-') {
        NR32 = 0;
    }
    letter = tune->drums[row];
    if (letter >= 'a' && noise_left == 0) {
        NR41 = 0;
        NR42 = letter == 'k' ? 0x71 : letter == 's' ? 0x61 : 0x31;
        NR43 = letter == 'k' ? 0x65 : letter == 's' ? 0x42 : 0x11;
        NR44 = TRIGGER;
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

/* Once a frame. */
void sound_step(void)
{
    if (tune->rows != 0) {
        --row_left;
        if (row_left == 0) {
            next_row();
        }
    }
    if (noise_left != 0) {
        --noise_left;
    }
    if (effect_left != 0) {
        --effect_left;
        frequency += glide;
        if (frequency > 2020) {
            frequency = 2020;
        }
        NR13 = (u8)frequency;
        NR14 = (u8)(frequency >> 8);
        if (effect_left == 0) {
            NR12 = 0;
        }
    }
}
