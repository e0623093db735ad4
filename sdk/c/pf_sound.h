/* pf_sound.h: a small synthesiser: sixteen voices, an echo, and songs written as text. Whole numbers only, so a run
 * sounds the same everywhere. While nothing sounds it pushes nothing, and silence costs nothing.
 *
 *     static pf_synth synth;
 *     static const pf_tone jump = {PF_PULSE, 60, 72, 0, 20, 120, 160};
 *     if (jumped) pf_play(&synth, &jump);
 *     pf_sound(&synth);                       // once a tick
 */
#ifndef PF_SOUND_H
#define PF_SOUND_H

#include "playfield.h"

enum { PF_PULSE, PF_PULSE_THIN, PF_TRIANGLE, PF_SAW, PF_NOISE, PF_SINE };

/* A sound: wave, pitch at its start and end (MIDI notes, 69 is 440 Hz; noise too has a pitch), times in ms, loudness 0
 * to 255, place -127 left to 127 right, and how much of it goes to the echo, 0 to 255. */
typedef struct {
    uint8_t wave, note, to_note;
    uint16_t attack_ms, hold_ms, decay_ms;
    uint8_t volume;
    int8_t pan;
    uint8_t echo;
} pf_tone;

#define PF_VOICES 16
#define PF_ECHO_FRAMES 14400 /* 300 ms */

typedef struct {
    const pf_tone *tone; /* 0: free */
    uint32_t phase, inc, noise;
    int32_t slide; /* of inc, per sample */
    int32_t at, attack, hold, decay;
    int32_t volume;
} pf_voice;

/* One line of a song: two characters a step. A letter and an octave start a note ("C4"; a small letter is a sharp:
 * "c4" is C sharp), anything else lets the last one ring. It repeats at its end. */
typedef struct {
    const char *notes;
    const pf_tone *tone; /* its note and to_note are shifted so that it starts on the note */
} pf_track;

typedef struct {
    const pf_track *tracks;
    int count;
    int step_ms;
} pf_song;

typedef struct {
    pf_voice voices[PF_VOICES];
    const pf_song *song;
    int32_t song_step, song_left; /* frames until the next step */
    int32_t song_volume; /* 0 to 256; set it for fades; pf_sing sets 256 */
    int32_t echo_at, echo_tail;
    int16_t echo[PF_ECHO_FRAMES];
    int16_t out[PF_AUDIO_MAX * 2];
} pf_synth;

/* Phase step of a MIDI note: the twelve of the top octave, halved for each octave below. */
static inline uint32_t pf_note_inc(int note) {
    static const uint32_t top[12] = {749115498u, 793660223u, 840853716u, 890853480u, 943826385u, 999949222u, 1059409297u,
                                     1122405052u, 1189146729u, 1259857073u, 1334772074u, 1414141751u};
    note = pf_clamp(note, 0, 131);
    return top[note % 12] >> (10 - note / 12);
}

static inline pf_voice *pf_free_voice(pf_synth *s) {
    pf_voice *best = &s->voices[0];
    int least = 1 << 30;
    for (int i = 0; i < PF_VOICES; i++) {
        pf_voice *v = &s->voices[i];
        int left = v->tone ? v->attack + v->hold + v->decay - v->at : -1;
        if (left < least) least = left, best = v;
    }
    return best;
}

/* Plays a tone `shift` half notes higher, at `volume` of 256. */
static inline void pf_play_at(pf_synth *s, const pf_tone *tone, int shift, int volume) {
    pf_voice *v = pf_free_voice(s);
    v->tone = tone;
    v->phase = 0, v->noise = v->noise ? v->noise : 0x2545f491u, v->at = 0;
    v->attack = tone->attack_ms * 48, v->hold = tone->hold_ms * 48, v->decay = tone->decay_ms * 48;
    v->inc = pf_note_inc(tone->note + shift);
    int64_t way = (int64_t)pf_note_inc(tone->to_note + shift) - v->inc;
    v->slide = (int32_t)(way / (v->attack + v->hold + v->decay + 1));
    v->volume = tone->volume * volume >> 8;
}
static inline void pf_play(pf_synth *s, const pf_tone *tone) { pf_play_at(s, tone, 0, 256); }

/* Starts a song from its beginning; 0 stops it. */
static inline void pf_sing(pf_synth *s, const pf_song *song) {
    s->song = song, s->song_step = 0, s->song_left = 0, s->song_volume = 256;
}

/* One sample of a wave, -32768 to 32767. */
static inline int pf_wave(pf_voice *v) {
    uint32_t p = v->phase;
    switch (v->tone->wave) {
    case PF_PULSE: return p & 0x80000000u ? -16000 : 16000;
    case PF_PULSE_THIN: return p < 0x30000000u ? 20000 : -8000;
    case PF_TRIANGLE: return (int)((p & 0x80000000u ? ~p : p) >> 15) - 32768;
    case PF_SAW: return (int)(p >> 17) - 16384;
    case PF_SINE: {
        int a = (int)(p >> 16 & 0x7fff), q = (int)((int64_t)a * (0x8000 - a) >> 13); /* 0 to 32768 */
        return p & 0x80000000u ? -q + 1 : q - 1;
    }
    default: return (int)(v->noise >> 17) - 16384;
    }
}

static inline int pf_envelope(const pf_voice *v) { /* 0 to 256 */
    if (v->at < v->attack) return v->at * 256 / v->attack;
    int past = v->at - v->attack - v->hold;
    if (past < 0) return 256;
    int left = (int)((int64_t)(v->decay - past) * 256 / (v->decay + 1));
    return left * left >> 8;
}

/* Adds a voice to `mix` (stereo and echo send, three words a frame). */
static inline void pf_mix_voice(pf_voice *v, int32_t *mix, int frames) {
    const pf_tone *tone = v->tone;
    int left = pf_min(127, 127 - tone->pan), right = pf_min(127, 127 + tone->pan), gain = 0;
    for (int i = 0; i < frames; i++) {
        if ((i & 31) == 0) gain = pf_envelope(v) * v->volume;
        if (v->at++ >= v->attack + v->hold + v->decay) {
            v->tone = 0;
            return;
        }
        uint32_t before = v->phase;
        v->phase += v->inc, v->inc += (uint32_t)v->slide;
        if (v->phase < before) v->noise ^= v->noise << 13, v->noise ^= v->noise >> 17, v->noise ^= v->noise << 5;
        int sample = pf_wave(v) * (gain >> 4) >> 13; /* a voice at its loudest takes a fifth to a half of the range */
        mix[3 * i] += sample * left >> 7;
        mix[3 * i + 1] += sample * right >> 7;
        mix[3 * i + 2] += sample * tone->echo >> 8;
    }
}

static inline void pf_song_step(pf_synth *s) {
    static const int8_t semitone[7] = {9, 11, 0, 2, 4, 5, 7}; /* A to G */
    for (int t = 0; t < s->song->count; t++) {
        const pf_track *track = &s->song->tracks[t];
        int cells = pf_strlen(track->notes) / 2;
        const char *cell = track->notes + 2 * (s->song_step % cells);
        int sharp = cell[0] >= 'a' && cell[0] <= 'g', letter = cell[0] - (sharp ? 'a' : 'A');
        if (letter < 0 || letter > 6 || cell[1] < '0' || cell[1] > '9') continue;
        int note = 12 * (cell[1] - '0' + 1) + semitone[letter] + sharp;
        pf_play_at(s, track->tone, note - track->tone->note, s->song_volume);
    }
    s->song_step++;
}

/* Up to half of full scale as it is, louder ever less so: too much at once bends instead of breaking. */
static inline int16_t pf_soften(int sample) {
    int loud = sample < 0 ? -sample : sample, over = loud - 16384;
    if (over > 0) loud = 16384 + (int)((int64_t)over * 16383 / (over + 16383));
    return (int16_t)(sample < 0 ? -loud : loud);
}

/* Adds the echo and writes samples. */
static inline void pf_finish(pf_synth *s, const int32_t *mix, int16_t *out, int frames) {
    for (int i = 0; i < frames; i++) {
        int wet = s->echo[s->echo_at];
        s->echo[s->echo_at] = (int16_t)pf_clamp(mix[3 * i + 2] + wet * 5 / 11, -30000, 30000);
        s->echo_at = s->echo_at + 1 < PF_ECHO_FRAMES ? s->echo_at + 1 : 0;
        out[2 * i] = pf_soften(mix[3 * i] + wet);
        out[2 * i + 1] = pf_soften(mix[3 * i + 1] + wet * 3 / 4);
    }
}

/* Makes the sound of this tick and pushes it. Call it once a tick. */
static inline void pf_sound(pf_synth *s) {
    static int32_t mix[3 * 256];
    int wanted = pf_min(pf_audio_wanted(), PF_AUDIO_MAX), busy = s->song != 0;
    for (int i = 0; i < PF_VOICES; i++) busy |= s->voices[i].tone != 0;
    if (busy) s->echo_tail = PF_ECHO_FRAMES * 10;
    else if (s->echo_tail <= 0) return;
    s->echo_tail -= wanted;
    for (int done = 0; done < wanted;) {
        int frames = pf_min(wanted - done, 256);
        if (s->song) {
            if (s->song_left <= 0) pf_song_step(s), s->song_left += s->song->step_ms * 48;
            frames = pf_min(frames, s->song_left);
            s->song_left -= frames;
        }
        __builtin_memset(mix, 0, sizeof mix);
        for (int i = 0; i < PF_VOICES; i++)
            if (s->voices[i].tone) pf_mix_voice(&s->voices[i], mix, frames);
        pf_finish(s, mix, s->out + 2 * done, frames);
        done += frames;
    }
    pf_audio_push(s->out, wanted);
}

#endif
