/* The title screen, the sky above a flue, and the end. */

#include "game.h"

/* Black and white changed: night. */
#define NIGHT 0x1B

static const u8 name[9] = { 0, 1, 1, 2, 0, 3, 4, 5, 2 };

/* How high the chimneys stand at the foot of the picture, in rows, for each column. */
static const u8 skyline[WIDTH] = { 2, 6, 6, 6, 2, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 1, 1, 7, 7, 7 };

static void put_name(u8 letter, u8 column, u8 row)
{
    u8 tile = NAME + (letter << 2);

    put_tile(column, row, tile);
    put_tile(column, row + 1, tile + 1);
    put_tile(column + 1, row, tile + 2);
    put_tile(column + 1, row + 1, tile + 3);
}

static void night_sky(void)
{
    u8 i, row;

    for (i = 0; i != 40; ++i) {
        row = chance() & 15;
        /* Not among the letters. */
        if (row > 3 && row < 15) {
            continue;
        }
        put_tile((chance() & 15) + (chance() & 3), row, i & 1 ? STAR_A : STAR_B);
    }
    put_tile(15, 1, MOON_A);
    put_tile(15, 2, MOON_B);
    put_tile(16, 1, MOON_C);
    put_tile(16, 2, MOON_D);
}

static void roofs(void)
{
    u8 column, row, height;

    for (column = 0; column != WIDTH; ++column) {
        height = skyline[column];
        for (row = 18 - height; row != 18; ++row) {
            put_tile(column, row, height > 2 ? (row == 18 - height ? RIM : BRICK_A + ((row ^ column) & 1)) : ROOF);
        }
    }
}

static void put_flue(u8 column, u8 row, u8 number)
{
    u8 digits[2];

    digits[0] = number / 10;
    digits[1] = number % 10;
    put_digits(column, row, digits, 2);
}

void title(void)
{
    u8 frame = 0, i, x = 0;

    screen_off();
    clear_screen();
    colours(NIGHT);
    night_sky();
    roofs();
    for (i = 0; i != 9; ++i) {
        put_name(name[i], 1 + (i << 1), 4);
    }
    put_text(6, 13, "BEST");
    put_digits(11, 13, best, DIGITS);
    put_text(6, 14, "FLUE");
    put_flue(11, 14, best_flue);
    put_text(2, 9, "A FLAPS  B DARTS");
    put_text(1, 7, "UP TO THE OPEN SKY");
    screen_on();
    play_tune(TUNE_TITLE);
    for (;;) {
        ++frame;
        if ((frame & 31) == 0) {
            put_text(4, 11, frame & 32 ? "            " : "PRESS  START");
        }
        ++x;
        sprite_wide(x, 124 - (frame & 32 ? frame & 31 : 31 - (frame & 31)) / 4,
            frame & 8 ? BIRD_UP : frame & 32 ? BIRD_GLIDE : BIRD_DOWN, LOOK_LIGHT);
        next_frame();
        if (pressed & (START | A)) {
            break;
        }
    }
    stir(frame);
    play_sound(SOUND_START);
    for (frame = 30; frame != 0; --frame) {
        next_frame();
    }
}

static void wait_for_button(u8 x, i16 y)
{
    u8 frame = 0;

    for (;;) {
        ++frame;
        if ((frame & 31) == 0) {
            put_text(4, 15, frame & 32 ? "            " : "PRESS  START");
        }
        sprite_wide(x, y + (frame & 32 ? frame & 31 : 31 - (frame & 31)) / 8, frame & 16 ? BIRD_UP : BIRD_GLIDE,
            LOOK_LIGHT);
        next_frame();
        if (pressed & (START | A)) {
            return;
        }
    }
}

static void pass(u8 frames, u8 x, i16 y)
{
    for (; frames != 0; --frames) {
        sprite_wide(x, y, frames & 8 ? BIRD_UP : BIRD_GLIDE, LOOK_LIGHT);
        next_frame();
    }
}

/* The bird is out: what its feathers are worth, and one grows back. */
void sky(void)
{
    u8 i, n;

    screen_off();
    clear_screen();
    colours(NIGHT);
    night_sky();
    put_text(3, 5, "OUT OF FLUE");
    put_flue(15, 5, flue);
    screen_on();
    for (i = 150; i > 70; i -= 2) {
        sprite_wide(72, i, i & 8 ? BIRD_UP : BIRD_DOWN, LOOK_LIGHT);
        next_frame();
    }
    for (i = 0; i != feathers; ++i) {
        for (n = 0; n != 5; ++n) {
            add_score(40, 1);
            pass(2, 72, 70);
        }
        put_tile(5 + i * 2, 7, FEATHER);
        play_sound(SOUND_EAT);
        put_digits(7, 12, score, DIGITS);
        pass(16, 72, 70);
    }
    if (feathers < FEATHERS) {
        ++feathers;
        put_tile(5 + i * 2, 7, FEATHER);
        play_sound(SOUND_FEATHER);
    }
    keep_best(flue + 1);
    wait_for_button(72, 70);
}

void lost(void)
{
    u8 better;

    screen_off();
    clear_screen();
    colours(NIGHT);
    put_text(2, 3, "LOST IN THE SMOKE");
    put_text(4, 5, "OF FLUE");
    put_flue(12, 5, flue);
    put_text(3, 8, "SCORE");
    put_digits(11, 8, score, DIGITS);
    better = keep_best(flue);
    put_text(3, 10, "BEST");
    put_digits(11, 10, best, DIGITS);
    if (better) {
        put_text(4, 12, "A NEW BEST!");
    }
    screen_on();
    play_tune(TUNE_LOST);
    pass(60, 128, 34);
    wait_for_button(128, 34);
}
