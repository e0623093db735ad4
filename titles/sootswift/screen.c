/* The picture: written in the blank, at the start of next_frame(), or at any time while the screen is off. */

#include <string.h>
#include "game.h"

#define P1 REG(0xFF00)
#define IF REG(0xFF0F)
#define LCDC REG(0xFF40)
#define SCY REG(0xFF42)
#define SCX REG(0xFF43)
#define LY REG(0xFF44)
#define BGP REG(0xFF47)
#define OBP0 REG(0xFF48)
#define OBP1 REG(0xFF49)
#define WY REG(0xFF4A)
#define WX REG(0xFF4B)
#define IE REG(0xFFFF)

#define MAP ((volatile u8 *)0x9800)
#define WINDOW ((volatile u8 *)0x9C00)

/* On, window's map at 0x9C00, tiles at 0x8000, sprites of 8x16, background. */
#define SHOWN 0xD7
#define WINDOW_ON 0x20

/* Single tiles waiting for the blank. */
#define WAITING 16
#define TILES_A_BLANK 6

u8 pad, pressed, clock;
u8 scroll_y, shake;

/* What the copier in gb.s copies from. */
static u8 __at(0xC000) sprites[160];
static u8 sprites_end;

static u8 row_waiting;
static u8 row_tiles[WIDTH];
static u8 tile_column[WAITING], tile_row[WAITING], tile_kind[WAITING], tiles_waiting;
static u8 window_tiles[WIDTH], window_dirty, smoke_dirty, smoke_phase;
static u8 window_on, flash_left, palette = 0xE4;
static u8 on;

static void read_pad(void)
{
    u8 before = pad, lines;

    P1 = 0x20;
    lines = P1;
    lines = P1;
    pad = ~lines & 0x0F;
    P1 = 0x10;
    /* The lines need a moment. */
    lines = P1;
    lines = P1;
    lines = P1;
    lines = P1;
    pad |= (u8)(~lines << 4);
    P1 = 0x30;
    pressed = pad & ~before;
}

static void write_row(u8 row, const u8 *tiles)
{
    volatile u8 *to = MAP + ((u16)row << 5);
    u8 i;

    for (i = 0; i != WIDTH; ++i) {
        *to++ = *tiles++;
    }
}

/* What waits goes into the picture. The blank has time for a row, some tiles and one line of the window. */
static void write_waiting(void)
{
    u8 i;

    if (row_waiting != 255) {
        write_row(row_waiting, row_tiles);
        row_waiting = 255;
    } else if (window_dirty) {
        for (i = 0; i != WIDTH; ++i) {
            WINDOW[32 + i] = window_tiles[i];
        }
        window_dirty = 0;
    } else if (smoke_dirty) {
        for (i = 0; i != WIDTH; ++i) {
            WINDOW[i] = SMOKE_A + ((i + smoke_phase) & 3);
        }
        smoke_dirty = 0;
    }
    for (i = TILES_A_BLANK; i != 0 && tiles_waiting != 0; --i) {
        --tiles_waiting;
        MAP[((u16)tile_row[tiles_waiting] << 5) + tile_column[tiles_waiting]] = tile_kind[tiles_waiting];
    }
}

void next_frame(void)
{
    u8 *at = sprites + sprites_end;

    for (; sprites_end != 160; sprites_end += 4) {
        *at = 0;
        at += 4;
    }
    wait_blank();
    copy_sprites();
    SCY = scroll_y;
    SCX = shake & 2;
    if (shake != 0) {
        --shake;
    }
    if (flash_left != 0) {
        --flash_left;
    }
    BGP = flash_left & 2 ? (u8)~palette : palette;
    LCDC = window_on ? SHOWN | WINDOW_ON : SHOWN;
    write_waiting();
    sprites_end = 0;
    ++clock;
    read_pad();
    sound_step();
}

void screen_off(void)
{
    if (on) {
        next_frame();
        wait_blank();
    } else {
        /* As the start of the machine left it: it may be turned off in the blank only. */
        while ((LCDC & 0x80) && LY != 144) {
        }
    }
    LCDC = 0;
    on = 0;
    row_waiting = 255;
    tiles_waiting = window_dirty = smoke_dirty = 0;
    scroll_y = shake = flash_left = 0;
}

void screen_on(void)
{
    OBP0 = 0xE0;
    OBP1 = 0x90;
    WX = 7;
    WY = VIEW;
    BGP = palette;
    SCY = scroll_y;
    SCX = 0;
    memset(sprites, 0, sizeof sprites);
    sprites_end = 0;
    LCDC = SHOWN;
    on = 1;
    IF = 0;
    IE = 1;
    __asm__("ei");
    next_frame();
}

/* Only while the screen is off. */
void clear_screen(void)
{
    u16 i;

    for (i = 0; i != 0x800; ++i) {
        MAP[i] = EMPTY;
    }
    window_on = 0;
}

void put_tile(u8 column, u8 row, u8 tile)
{
    if (!on) {
        MAP[((u16)row << 5) + column] = tile;
    } else if (tiles_waiting != WAITING) {
        tile_column[tiles_waiting] = column;
        tile_row[tiles_waiting] = row;
        tile_kind[tiles_waiting] = tile;
        ++tiles_waiting;
    }
}

void put_text(u8 column, u8 row, const char *text)
{
    for (; *text != 0; ++text) {
        put_tile(column++, row, *text);
    }
}

void put_digits(u8 column, u8 row, const u8 *digits, u8 count)
{
    for (; count != 0; --count) {
        put_tile(column++, row, '0' + *digits++);
    }
}

void put_row(u8 row, const u8 *tiles)
{
    if (on) {
        memcpy(row_tiles, tiles, WIDTH);
        row_waiting = row;
    } else {
        write_row(row, tiles);
    }
}

void window_text(u8 column, const u8 *tiles, u8 count)
{
    memcpy(window_tiles + column, tiles, count);
    window_dirty = 1;
}

void window_smoke(void)
{
    ++smoke_phase;
    smoke_dirty = 1;
}

void window_show(u8 shown)
{
    window_on = shown;
}

/* 8x16, at a place in the view; what is out of it is left out. */
void sprite(u8 x, i16 y, u8 tile, u8 look)
{
    u8 *at;

    if (y <= -16 || y >= 144 || sprites_end == 160) {
        return;
    }
    at = sprites + sprites_end;
    at[0] = (u8)(y + 16);
    at[1] = x + 8;
    at[2] = tile;
    at[3] = look;
    sprites_end += 4;
}

/* 16x16. */
void sprite_wide(u8 x, i16 y, u8 tile, u8 look)
{
    u8 turned = look & LOOK_MIRRORED ? 2 : 0;

    sprite(x, y, tile + turned, look);
    sprite(x + 8, y, tile + 2 - turned, look);
}

void flash(u8 frames)
{
    flash_left = frames;
}

void colours(u8 shades)
{
    palette = shades;
}
