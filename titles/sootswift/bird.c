/* The bird: it flaps with some weight, darts upwards, bumps and perches. Places are in 1/16 pixels, in the view. */

#include "game.h"

/* In 1/256 pixels a frame, and a frame. */
#define GRAVITY 24
#define FLAP -0x230
#define FALL_MOST 0x240
#define PUSH 0x2C
#define DRAG 0x12
#define SIDE_MOST 0x1A0
#define DART -0x500
#define DART_FRAMES 12
#define DART_COST 4
#define HELD_FLAP 15
#define SAFE_FRAMES 80
#define CHAIN_FRAMES 150
#define CHAIN_MOST 9
/* So many moths make a feather grow back. */
#define MOTHS_A_FEATHER 8

u8 feathers, breath, chain, darting;
i16 bird_x, bird_y;

static i16 speed_x, speed_y;
/* What is left of a pixel's sixteenth, so that slow is not still. */
static u8 rest_x, rest_y;
static u8 flapping, safe, mirrored, chain_left, eaten, perched;

void bird_new(void)
{
    feathers = 3;
    breath = BREATHS / 2;
    eaten = 0;
}

void bird_reset(void)
{
    bird_x = 72 << 4;
    bird_y = 72 << 4;
    speed_x = speed_y = 0;
    rest_x = rest_y = 0;
    flapping = safe = chain_left = chain = darting = perched = 0;
}

void bird_scroll(u8 by)
{
    bird_y += (i16)by << 4;
}

static void puff(void)
{
    pop((u8)(bird_x >> 4) + 4, (bird_y >> 4) + 10, PUFF_A, 0, 1);
}

static u8 solid(u8 x, i16 y)
{
    return tile_at(x, y) >= SOLID;
}

void bird_hurt(void)
{
    if (safe != 0 || darting != 0) {
        return;
    }
    safe = SAFE_FRAMES;
    speed_y = 0x100;
    chain = 0;
    if (feathers != 0) {
        --feathers;
    }
    shake = 14;
    flash(6);
    pop((u8)(bird_x >> 4), bird_y >> 4, CRUMB, -2, -2);
    pop((u8)(bird_x >> 4) + 8, bird_y >> 4, CRUMB, 2, -2);
    play_sound(SOUND_HURT);
}

void bird_eats(u8 x, i16 y)
{
    if (chain < CHAIN_MOST) {
        ++chain;
    }
    chain_left = CHAIN_FRAMES;
    add_score(10, chain);
    pop(x, y, DIGIT + (chain << 1), 0, -1);
    breath = breath > BREATHS - 2 ? BREATHS : breath + 2;
    play_sound(SOUND_EAT);
    if (++eaten == MOTHS_A_FEATHER) {
        eaten = 0;
        if (feathers < FEATHERS) {
            ++feathers;
            play_sound(SOUND_FEATHER);
        }
    }
}

static void flap(void)
{
    speed_y = FLAP;
    flapping = HELD_FLAP;
    perched = 0;
    puff();
    play_sound(SOUND_FLAP);
}

static void dart(void)
{
    if (breath < DART_COST) {
        play_sound(SOUND_EMPTY);
        return;
    }
    breath -= DART_COST;
    darting = DART_FRAMES;
    speed_y = DART;
    perched = 0;
    puff();
    play_sound(SOUND_DART);
}

static void steer(void)
{
    if (pad & RIGHT) {
        mirrored = 0;
        speed_x = speed_x > SIDE_MOST - PUSH ? SIDE_MOST : speed_x + PUSH;
    } else if (pad & LEFT) {
        mirrored = LOOK_MIRRORED;
        speed_x = speed_x < PUSH - SIDE_MOST ? -SIDE_MOST : speed_x - PUSH;
    } else if (speed_x > DRAG) {
        speed_x -= perched ? 3 * DRAG : DRAG;
        if (speed_x < 0) {
            speed_x = 0;
        }
    } else if (speed_x < -DRAG) {
        speed_x += perched ? 3 * DRAG : DRAG;
        if (speed_x > 0) {
            speed_x = 0;
        }
    } else {
        speed_x = 0;
    }
    if (pressed & B) {
        dart();
    } else if (pressed & A) {
        flap();
    } else if ((pad & A) && flapping == 0) {
        flap();
    }
}

/* A step in sixteenths out of a speed in 256ths. */
static i16 step(i16 speed, u8 *rest)
{
    i16 whole = speed + *rest;

    *rest = (u8)whole & 15;
    return whole >> 4;
}

static void move_aside(void)
{
    i16 to = bird_x + step(speed_x, &rest_x);
    u8 x = (u8)(to >> 4) + (speed_x < 0 ? 3 : 12);
    i16 y = bird_y >> 4;

    if (speed_x != 0 && (solid(x, y + 4) || solid(x, y + 11))) {
        /* Off the wall again, a little. */
        speed_x = -(speed_x >> 1);
        return;
    }
    bird_x = to;
}

static void bump(u8 left, u8 right, i16 y)
{
    u8 kind = tile_at(left, y), other = tile_at(right, y);

    if (kind == SOOT || other == SOOT) {
        break_soot(left, y);
        break_soot(right, y);
        add_score(5, 1);
        play_sound(SOUND_BREAK);
        shake = 6;
        if (darting) {
            return;
        }
    } else {
        play_sound(SOUND_BUMP);
        shake = 4;
    }
    if (kind == HOT || other == HOT) {
        darting = 0;
        bird_hurt();
    }
    darting = 0;
    speed_y = 0xA0;
}

static void move_up_or_down(void)
{
    i16 to = bird_y + step(speed_y, &rest_y);
    u8 left = (u8)(bird_x >> 4) + 4, right = left + 7;
    i16 y = (to >> 4) + (speed_y < 0 ? 3 : 12);

    perched = 0;
    if (solid(left, y) || solid(right, y)) {
        if (speed_y < 0) {
            bump(left, right, y);
        } else {
            if (tile_at(left, y) == HOT || tile_at(right, y) == HOT) {
                bird_hurt();
                speed_y = FLAP;
                return;
            }
            speed_y = 0;
            perched = 1;
            /* Onto the ledge, to the line. */
            bird_y = ((((y + scroll_y) & ~7) - scroll_y - 13) << 4) | 15;
        }
        return;
    }
    bird_y = to;
}

/* Down in the smoke it is hurt, and thrown up once more. */
static void smoke(void)
{
    if (bird_y > (VIEW - 12) << 4) {
        safe = 0;
        darting = 0;
        bird_hurt();
        speed_y = -0x480;
        bird_y = (VIEW - 13) << 4;
        safe = SAFE_FRAMES;
        darting = 0;
    }
}

void bird_step(void)
{
    steer();
    if (flapping != 0) {
        --flapping;
    }
    if (safe != 0) {
        --safe;
    }
    if (chain_left != 0 && --chain_left == 0) {
        chain = 0;
    }
    if (darting != 0) {
        --darting;
        if (darting & 1) {
            puff();
        }
        if (darting == 0) {
            speed_y = FLAP;
        }
    } else {
        speed_y += GRAVITY;
        if (speed_y > FALL_MOST) {
            speed_y = FALL_MOST;
        }
    }
    move_aside();
    move_up_or_down();
    smoke();
}

/* Out of the flue, by itself. */
void bird_away(void)
{
    bird_y -= 24;
    if ((clock & 7) == 0) {
        puff();
    }
    darting = 0;
    safe = 0;
    flapping = clock & 15;
}

void bird_draw(void)
{
    u8 tile = perched ? BIRD_GLIDE : BIRD_UP;

    if (safe & 4) {
        return;
    }
    if (safe > SAFE_FRAMES - 30) {
        tile = BIRD_HURT;
    } else if (darting) {
        tile = BIRD_DART;
    } else if (flapping > 8) {
        tile = BIRD_DOWN;
    } else if (!perched && speed_y > 0x80) {
        tile = BIRD_GLIDE;
    }
    sprite_wide((u8)(bird_x >> 4), bird_y >> 4, tile, mirrored);
}
