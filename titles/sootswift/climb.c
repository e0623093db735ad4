/* A flue: the view climbs, slowly by itself and as fast as the bird. */

#include "game.h"

/* The bird pulls the view along from here up. */
#define LEAD 52
#define SCROLL_MOST 6
/* Rows of sky until the bird is away. */
#define SKY_ROWS 13

static u8 slow_rest;
static u8 sky_rows;

static void hud(void)
{
    static u8 line[WIDTH];
    u8 i;

    for (i = 0; i != FEATHERS; ++i) {
        line[i] = i < feathers ? FEATHER : NO_FEATHER;
    }
    line[5] = ' ';
    for (i = 0; i != 4; ++i) {
        line[6 + i] = breath > i * 2 + 1 ? BREATH : breath > i * 2 ? HALF_BREATH : NO_BREATH;
    }
    line[10] = ' ';
    for (i = 0; i != DIGITS; ++i) {
        line[11 + i] = '0' + score[i];
    }
    line[17] = ' ';
    line[18] = chain > 1 ? 'X' : ' ';
    line[19] = chain > 1 ? '0' + chain : ' ';
    window_text(0, line, WIDTH);
}

static void scroll(void)
{
    u8 by = 0;
    u8 slow = flue > 6 ? 136 : 40 + (flue << 4);
    i16 y = bird_y >> 4;

    slow_rest += slow;
    if (slow_rest < slow) {
        by = 1;
    }
    if (y < LEAD) {
        by += ((u8)(LEAD - y) >> 3) + 1;
        if (by > SCROLL_MOST) {
            by = SCROLL_MOST;
        }
    }
    if (by == 0) {
        return;
    }
    bird_scroll(by);
    things_scroll(by);
    pops_scroll(by);
    if ((u8)(scroll_y & 7) < by) {
        scroll_y -= by;
        flue_row();
        add_score(2, 1);
        if (rows_left == 0) {
            ++sky_rows;
        }
    } else {
        scroll_y -= by;
    }
}

static void draw(void)
{
    bird_draw();
    things_step();
    pops_step();
    if ((clock & 3) == 1) {
        hud();
    }
    if ((clock & 7) == 2) {
        window_smoke();
    }
    next_frame();
}

static void pause(void)
{
    play_sound(SOUND_TICK);
    window_text(11, (const u8 *)"PAUSED   ", 9);
    do {
        bird_draw();
        next_frame();
    } while ((pressed & START) == 0);
}

/* Its feathers are gone: it tumbles into the smoke. */
static void fall(void)
{
    u8 i;
    i16 speed = -40;

    play_tune(TUNE_NONE);
    hud();
    for (i = 0; i != 100; ++i) {
        bird_y += speed;
        if (speed < 60) {
            speed += 3;
        }
        if (bird_y < (VIEW + 16) << 4) {
            sprite_wide((u8)(bird_x >> 4), bird_y >> 4, BIRD_HURT, i & 8 ? LOOK_MIRRORED : 0);
        }
        pops_step();
        next_frame();
    }
}

static void begin(void)
{
    screen_off();
    clear_screen();
    colours(0xE4);
    things_reset();
    pops_reset();
    flue_reset();
    flue_fill();
    bird_reset();
    sky_rows = 0;
    window_smoke();
    screen_on();
    window_show(1);
    play_tune(TUNE_FLUE);
    sound_pace(flue > 3 ? 6 : 7);
}

/* Climbs a flue; whether the bird comes out of it. */
u8 climb(void)
{
    begin();
    while (sky_rows < SKY_ROWS) {
        if (pressed != 0) {
            stir(clock);
        }
        bird_step();
        scroll();
        draw();
        if (pressed & START) {
            pause();
        }
        if (feathers == 0) {
            fall();
            return 0;
        }
    }
    play_tune(TUNE_SKY);
    while (bird_y > -(20 << 4)) {
        bird_away();
        draw();
    }
    return 1;
}
