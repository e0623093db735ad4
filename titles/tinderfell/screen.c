/* The picture: tiles go through a queue that crt0.s empties in the blank, or straight in while the screen is off. */

#include <string.h>
#include "game.h"

#define PPU_CTRL (*(volatile u8 *)0x2000)
#define PPU_MASK (*(volatile u8 *)0x2001)
#define PPU_STATUS (*(volatile u8 *)0x2002)
#define PPU_ADDR (*(volatile u8 *)0x2006)
#define PPU_DATA (*(volatile u8 *)0x2007)

/* What a blank has time for, besides the sprites: about a hundred bytes. */
#define QUEUE 104
#define SHOWN 0x1E

u8 pads[2], pressed[2];
u8 queue[QUEUE + 8];
/* For sprite_big(): attributes added to its lower half. */
u8 lower_half;

static u8 queue_end;
static u8 entry[FIELD_TILE];
static u8 sprites_first;
static u8 late;

/* There is room in the zero page, and little elsewhere. */
#pragma bss-name(push, "ZEROPAGE")
static u8 attributes[64];
#pragma bss-name(pop)

void next_frame(void)
{
    u8 i, before[2];

    /* What is left of last frame's sprites goes below the picture. */
    i = sprites_end;
    do {
        oam[i] = 0xF0;
        i += 4;
    } while (i != sprites_first);
    queue[queue_end] = 0;
    wait_blank();
    queue_end = 0;
    /* Starts elsewhere each frame: of more than eight sprites in a line, others are missing each time. */
    sprites_first += 68;
    sprites_end = sprites_first;
    before[0] = pads[0];
    before[1] = pads[1];
    read_pads();
    pressed[0] = pads[0] & ~before[0];
    pressed[1] = pads[1] & ~before[1];
    /* A late frame must not slow the music down. */
    i = frames - late;
    late = frames;
    for (i = i > 4 ? 4 : i; i != 0; --i) {
        sound_step();
    }
}

/* Until screen_on() all goes straight in. */
void screen_off(void)
{
    next_frame();
    ppu_mask = 0;
    next_frame();
}

void screen_on(void)
{
    ppu_mask = SHOWN;
    next_frame();
}

u8 queue_room(void)
{
    return QUEUE - queue_end;
}

/* Begins a run of bytes; then that many put() follow. Whether there is room. */
static u8 begin(u16 address, u8 count)
{
    if (ppu_mask == 0) {
        PPU_ADDR = address >> 8;
        PPU_ADDR = (u8)address;
        return 1;
    }
    if (queue_end + count + 3 > QUEUE) {
        return 0;
    }
    queue[queue_end++] = address >> 8;
    queue[queue_end++] = (u8)address;
    queue[queue_end++] = count;
    return 1;
}

/* What put_field_tile() made, straight into the picture. */
static void write_entry(void)
{
    static u8 i;

    for (i = 0; i != FIELD_TILE; ++i) {
        if (i == 0 || i == 5 || i == 10) {
            PPU_ADDR = entry[i];
            PPU_ADDR = entry[i + 1];
            i += 3;
        }
        PPU_DATA = entry[i];
    }
}

static void put(u8 byte)
{
    if (ppu_mask == 0) {
        PPU_DATA = byte;
    } else {
        queue[queue_end++] = byte;
    }
}

static u16 address(u8 column, u8 row)
{
    return 0x2000 + ((u16)row << 5) + column;
}

void put_text(u8 column, u8 row, const char *text)
{
    u8 i, count = strlen(text);

    if (begin(address(column, row), count)) {
        for (i = 0; i != count; ++i) {
            put(text[i]);
        }
    }
}

void put_tile(u8 column, u8 row, u8 tile)
{
    if (begin(address(column, row), 1)) {
        put(tile);
    }
}

void put_number(u8 column, u8 row, const u8 *digits, u8 count)
{
    u8 i;

    if (begin(address(column, row), count)) {
        for (i = 0; i != count; ++i) {
            put('0' + digits[i]);
        }
    }
}

void put_colours(u8 from, const u8 *colours, u8 count)
{
    u8 i;

    if (begin(0x3F00 + from, count)) {
        for (i = 0; i != count; ++i) {
            put(colours[i]);
        }
    }
}

static u8 attribute(u8 column, u8 row, u8 palette)
{
    static u8 at, shift;

    at = (row & 0xFC) << 1 | column >> 2;
    shift = (row & 2) << 1 | (column & 2);
    attributes[at] = (attributes[at] & ~(3 << shift)) | (palette << shift);
    return at;
}

/* A picture of four tiles in the field, with its palette. Written out, for this is most of what a fire costs. */
void put_field_tile(u8 cell, u8 tile, u8 palette)
{
    static u8 column, row, at, high, low;
    static u8 *to;

    column = cell << 1 & 0x1E;
    row = (cell >> 3 & 0x1E) + FIELD_Y / 8;
    at = attribute(column, row, palette);
    high = 0x20 + (row >> 3);
    low = row << 5 | column;
    to = entry;
    if (ppu_mask != 0) {
        to = queue + queue_end;
        queue_end += FIELD_TILE;
    }
    to[0] = to[5] = high;
    to[1] = low;
    to[6] = low + 32;
    to[2] = to[7] = 2;
    to[3] = tile;
    to[4] = tile + 1;
    to[8] = tile + 2;
    to[9] = tile + 3;
    to[10] = 0x23;
    to[11] = 0xC0 + at;
    to[12] = 1;
    to[13] = attributes[at];
    if (ppu_mask == 0) {
        write_entry();
    }
}

/* Palettes of blocks of 32x32 from a row of those on, two bits for each quarter. Only while the screen is off. */
void put_palettes(u8 row, u8 palettes, u8 blocks)
{
    begin(0x23C0 + (row << 3), blocks);
    for (; blocks != 0; --blocks) {
        put(palettes);
    }
}

/* Only while the screen is off. */
void clear_screen(void)
{
    u16 i;

    begin(0x2000, 0);
    for (i = 0; i != 1024; ++i) {
        put(0);
    }
    memset(attributes, 0, sizeof attributes);
}

/* 16x16: four tiles. */
void sprite_big(u8 x, u8 y, u8 tile, u8 attributes)
{
    static u8 left;

    left = attributes & MIRRORED ? 1 : 0;
    sprite(x, y, tile + left, attributes);
    sprite(x + 8, y, tile + 1 - left, attributes);
    sprite(x, y + 8, tile + 2 + left, attributes | lower_half);
    sprite(x + 8, y + 8, tile + 3 - left, attributes | lower_half);
}
