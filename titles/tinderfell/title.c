/* The title screen, and what is said after a night. */

#include "game.h"

static const u8 colours[32] = {
    0x0F, 0x00, 0x10, 0x30, 0x0F, 0x0B, 0x1A, 0x17, 0x0F, 0x16, 0x27, 0x38, 0x0F, 0x11, 0x31, 0x27,
    0x0F, 0x36, 0x16, 0x07, 0x0F, 0x36, 0x12, 0x07, 0x0F, 0x11, 0x21, 0x30, 0x0F, 0x16, 0x27, 0x30
};

static const u8 name[10] = { 0, 1, 2, 3, 4, 5, 6, 4, 7, 7 };

/* How high the trees of the ridge stand, in rows, two columns each. */
static const u8 ridge[16] = { 3, 4, 5, 4, 3, 2, 3, 4, 3, 2, 2, 3, 5, 6, 5, 4 };

static void sky(void)
{
    u8 i, row, column;

    for (i = 0; i != 40; ++i) {
        put_tile(chance() & 31, 2 + (chance() & 15), TILE_STAR + (chance() & 1));
    }
    for (column = 0; column != 32; ++column) {
        row = 28 - ridge[column >> 1];
        put_tile(column, row, TILE_RIDGE);
        for (++row; row != 30; ++row) {
            put_tile(column, row, TILE_HILL);
        }
    }
}

static void put_small(u8 column, u8 row, u8 value)
{
    u8 digits[2];

    digits[0] = 0;
    while (value > 9) {
        value -= 10;
        ++digits[0];
    }
    digits[1] = value;
    put_number(column, row, digits, 2);
}

static void title_picture(void)
{
    u8 i;

    clear_screen();
    put_colours(0, colours, 32);
    /* The hills, from row 22 on, have the palette of trees. */
    put_palettes(5, 0x50, 8);
    put_palettes(6, 0x55, 16);
    sky();
    put_field_tile(13, TILE_MOON, 0);
    for (i = 0; i != 10; ++i) {
        put_field_tile(2 * COLUMNS + 3 + i, TILE_NAME + (name[i] << 2), 2);
    }
    put_text(5, 11, "KEEP THE HUTS STANDING");
    put_text(6, 13, "UNTIL THE RAIN COMES");
    put_text(7, 15, "A WATER   B STRIKE");
    put_text(5, 20, "BEST");
    put_number(10, 20, best, DIGITS);
    put_text(18, 20, "NIGHT");
    put_small(24, 20, best_night);
}

void title(void)
{
    u8 frame = 0;

    screen_off();
    title_picture();
    play_tune(TUNE_TITLE);
    screen_on();
    for (;;) {
        ++frame;
        put_text(10, 17, frame & 32 ? "            " : "PRESS  START");
        if ((frame & 7) == 0) {
            put_colours(9, colours + 9 + (frame >> 3 & 1), 2);
        }
        sprite_big(92, 198 - (frame >> 4 & 1), SPRITE_SIDE, RED);
        sprite_big(148, 198 - (frame >> 4 & 1 ^ 1), SPRITE_SIDE, BLUE | MIRRORED);
        if ((frame & 31) < 24) {
            sprite(112 + (frame & 31), 196 - (frame & 31 ? 4 : 0), SPRITE_BLOB, WATERY);
        }
        next_frame();
        if ((pressed[0] | pressed[1]) & (PAD_START | PAD_A)) {
            break;
        }
    }
    /* Whoever pressed plays; the other joins when he wants to. */
    playing[0] = (pressed[0] & (PAD_START | PAD_A)) != 0;
    playing[1] = (pressed[1] & (PAD_START | PAD_A)) != 0;
    stir(frame);
    play_sound(SOUND_START);
    for (frame = 30; frame != 0; --frame) {
        put_text(10, 17, frame & 4 ? "            " : "PRESS  START");
        next_frame();
    }
}

/* A line that appears with a tick, after some frames. */
static void say(u8 row, const char *text, u8 wait)
{
    put_text(4, row, text);
    play_sound(SOUND_TICK);
    for (; wait != 0; --wait) {
        next_frame();
    }
}

static void wait_for_button(void)
{
    u8 frame = 0;

    for (;;) {
        ++frame;
        put_text(10, 24, frame & 32 ? "            " : "PRESS  START");
        next_frame();
        if ((pressed[0] | pressed[1]) & (PAD_START | PAD_A)) {
            return;
        }
    }
}

/* Counts something into the score, a point's worth at a time. */
static void tally(u8 row, u8 count, u8 points)
{
    for (; count != 0; --count) {
        add_score(points, 1);
        while (pay_score()) {
        }
        put_number(20, row, score, DIGITS);
        if (points > 50 || (count & 3) == 0) {
            play_sound(SOUND_TICK);
        }
        next_frame();
        if (points > 50) {
            next_frame();
            next_frame();
            next_frame();
        }
    }
}

static void page(const char *head)
{
    screen_off();
    clear_screen();
    put_colours(0, colours, 32);
    put_text(4, 6, head);
    put_text(20, 6, "NIGHT");
}

void dawn(u8 number)
{
    u8 i;

    page("DAWN AFTER");
    put_small(26, 6, number);
    for (i = 0; i != huts; ++i) {
        put_field_tile(4 * COLUMNS + 11 + i, TILE_FIELD + (HUT << 2), 3);
    }
    screen_on();
    play_tune(TUNE_DAWN);
    say(10, "TREES", 20);
    tally(16, trees, 5);
    say(13, "HUTS", 20);
    for (i = 0; i != huts; ++i) {
        tally(16, 4, 75);
    }
    if (huts == HUTS) {
        say(18, "ALL THREE! TWICE THAT", 20);
        for (i = 0; i != huts; ++i) {
            tally(16, 4, 75);
        }
    } else if (trees >= TREES_FOR_A_HUT) {
        say(18, "TIMBER FOR A NEW HUT!", 20);
        put_field_tile(4 * COLUMNS + 11 + huts, TILE_FIELD + (HUT << 2), 3);
        ++huts;
        play_sound(SOUND_START);
    }
    say(16, "SCORE", 10);
    keep_best(number + 1);
    wait_for_button();
}

void lost(u8 number)
{
    u8 better;

    page("ALL IS ASH");
    put_small(26, 6, number);
    screen_on();
    play_tune(TUNE_LOST);
    better = keep_best(number);
    say(12, "SCORE", 20);
    put_number(20, 12, score, DIGITS);
    say(14, "BEST", 20);
    put_number(20, 14, best, DIGITS);
    if (better) {
        say(18, "A NEW BEST!", 20);
        play_sound(SOUND_START);
    }
    wait_for_button();
}
