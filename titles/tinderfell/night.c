/* A night: a minute of fire, until rain. */

#include "game.h"

/* Seconds a night has. */
#define SECONDS 60

static const u8 colours[32] = {
    0x0C, 0x00, 0x10, 0x30, 0x0F, 0x1A, 0x29, 0x17, 0x0F, 0x16, 0x27, 0x38, 0x0F, 0x12, 0x31, 0x27,
    0x0C, 0x36, 0x16, 0x07, 0x0F, 0x36, 0x11, 0x07, 0x0F, 0x11, 0x21, 0x30, 0x0F, 0x16, 0x27, 0x30
};

/* Fire flickers in its palette alone, which costs nothing. */
static const u8 flames[4][3] = {
    { 0x16, 0x27, 0x38 }, { 0x06, 0x26, 0x37 }, { 0x16, 0x28, 0x30 }, { 0x06, 0x17, 0x38 }
};

static u8 seconds[2];
static u8 ticks;

static void hud_picture(u8 number)
{
    u8 digits[2];

    put_text(2, 2, "1P");
    put_text(21, 2, "2P");
    put_text(2, 3, "NIGHT");
    digits[0] = number / 10;
    digits[1] = number % 10;
    put_number(8, 3, digits, 2);
}

static void tank(u8 column, u8 who)
{
    static u8 i;
    static char text[7];

    if (!playing[who]) {
        put_text(column, 2, frames & 32 ? "START?" : "      ");
        return;
    }
    for (i = 0; i != 6; ++i) {
        text[i] = i < tanks[who] ? TILE_DROP : TILE_SPENT;
    }
    put_text(column, 2, text);
}

/* A part of it each frame, in turn: a blank has no time for all. */
static void hud(void)
{
    static u8 i;
    static char text[4];

    switch (frames & 7) {
    case 0:
        tank(4, 0);
        break;
    case 2:
        tank(24, 1);
        break;
    case 4:
        put_number(13, 2, score, DIGITS);
        break;
    case 5:
        for (i = 0; i != 3; ++i) {
            text[i] = i < huts ? TILE_HUT : TILE_LOST;
        }
        put_text(12, 3, text);
        break;
    case 6:
        for (i = 0; i != 3; ++i) {
            text[i] = i < wind_force ? TILE_WIND + wind : TILE_CALM;
        }
        put_text(17, 3, text);
        break;
    case 7:
        put_number(28, 3, seconds, 2);
        break;
    }
}

static void flicker(void)
{
    if ((frames & 7) == 3) {
        put_colours(9, flames[frames >> 3 & 3], 3);
    }
}

/* Whether time is left. */
static u8 tick(void)
{
    if (++ticks != 60) {
        return 1;
    }
    ticks = 0;
    if (seconds[1] != 0) {
        --seconds[1];
    } else {
        --seconds[0];
        seconds[1] = 9;
    }
    if (seconds[0] == 0 && seconds[1] < 6) {
        play_sound(SOUND_TICK);
    }
    return seconds[0] != 0 || seconds[1] != 0;
}

static void draw(void)
{
    flicker();
    pay_score();
    hud();
    redraw_some();
    wardens_draw();
    storm_draw();
    pops_step();
    next_frame();
}

static void pause(void)
{
    play_sound(SOUND_TICK);
    put_text(25, 3, "  ");
    put_text(21, 3, "PAUSE");
    do {
        wardens_draw();
        next_frame();
    } while (((pressed[0] | pressed[1]) & PAD_START) == 0);
    put_text(21, 3, "RAIN  ");
    next_frame();
}

static void announce(void)
{
    u8 i;

    for (i = 0; i != 100; ++i) {
        if (i & 8) {
            wardens_draw();
        }
        draw();
    }
}

/* Rain puts all out. */
static void rain(void)
{
    static u8 i, cell, end;

    play_sound(SOUND_THUNDER);
    cell = 0;
    for (i = 0; i != 180; ++i) {
        for (end = cell + CELLS / 8; cell != end; ++cell) {
            if (burning(cell) && ((chance() & 3) == 0 || i > 160)) {
                douse(cell);
                pop(cell << 4, (cell & 0xF0) + FIELD_Y, SPRITE_PUFF, WATERY);
            }
        }
        if (cell == CELLS) {
            cell = 0;
        }
        if ((i & 15) == 0) {
            play_sound(SOUND_SPLASH);
        }
        rain_draw();
        flicker();
        redraw_some();
        wardens_draw();
        pops_step();
        next_frame();
    }
    count_trees();
}

/* Plays a night; whether a hut stands when it ends. */
u8 night(u8 number)
{
    u8 pausing;

    screen_off();
    clear_screen();
    put_colours(0, colours, 32);
    fire_reset(number);
    plant(number);
    storm_reset(number);
    pops_reset();
    wardens_reset();
    draw_forest();
    hud_picture(number);
    put_text(21, 3, "RAIN");
    seconds[0] = SECONDS / 10;
    seconds[1] = SECONDS % 10;
    ticks = 0;
    play_tune(TUNE_NIGHT);
    screen_on();
    announce();
    while (tick()) {
        if (pads[0] | pads[1]) {
            stir(pads[0] + frames);
        }
        fire_step();
        storm_step();
        /* Start of who does not play yet is for joining. */
        pausing = (playing[0] ? pressed[0] : 0) | (playing[1] ? pressed[1] : 0);
        wardens_step();
        if (pausing & PAD_START) {
            pause();
        }
        if (huts == 0) {
            announce();
            return 0;
        }
        /* The more burns, the faster the music. */
        sound_pace(fires > 20 ? 5 : fires > 8 ? 6 : 7);
        draw();
    }
    rain();
    return 1;
}
