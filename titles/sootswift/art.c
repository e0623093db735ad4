/* Makes tiles of the pictures, once, while the screen is off. */

#include <string.h>
#include "art.h"

#define TILES ((volatile u8 *)0x8000)

/* Eight rows of eight dots, of a text with so many in a line. */
static void make_tile(u8 tile, const char *text, u8 line)
{
    volatile u8 *to = TILES + ((u16)tile << 4);
    u8 x, y, low, high, dot;

    line -= 8;
    for (y = 8; y != 0; --y) {
        low = high = 0;
        for (x = 8; x != 0; --x) {
            low <<= 1;
            high <<= 1;
            dot = *text++;
            /* Digits have their value in their lowest bits. */
            if (dot != '.') {
                low |= dot & 1;
                high |= (dot >> 1) & 1;
            }
        }
        *to++ = low;
        *to++ = high;
        text += line;
    }
}

static void make_picture(const struct picture *picture)
{
    u8 column, row, tile = picture->tile, line = picture->wide << 3;
    u8 rows = 0;
    const char *text;

    for (text = picture->text; *text != 0; text += (u16)line << 3) {
        ++rows;
    }
    for (column = 0; column != picture->wide; ++column) {
        text = picture->text + (column << 3);
        for (row = 0; row != rows; ++row) {
            make_tile(tile++, text, line);
            text += (u16)line << 3;
        }
    }
}

static void make_all(const struct picture *picture)
{
    for (; picture->wide != 0; ++picture) {
        make_picture(picture);
    }
}

void load_art(void)
{
    memset((u8 *)0x8000, 0, 0x1800);
    make_all(letter_art);
    make_all(flue_art);
    make_all(sprite_art);
}
