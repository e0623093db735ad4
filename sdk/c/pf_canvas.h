/* pf_canvas.h: drawing into a picture in memory, indexed (1 byte a pixel) or RGBA (4 bytes).
 *
 * A colour is a palette index on an indexed canvas and 0xRRGGBB on an RGBA one. Everything is cut to the canvas.
 * `ox`, `oy` move all that is drawn: set them for cameras and screen shake.
 *
 *     static uint8_t pixels[160 * 144];
 *     static pf_canvas screen = PF_CANVAS8(pixels, 160, 144);
 *     pf_clear(&screen, 0);
 *     pf_text(&screen, 8, 8, "HELLO", 15, 1);
 *     pf_present(&screen);
 */
#ifndef PF_CANVAS_H
#define PF_CANVAS_H

#include "playfield.h"

typedef struct {
    void *pixels;
    int w, h;
    int bytes; /* a pixel: 1 or 4 */
    int ox, oy;
} pf_canvas;

#define PF_CANVAS8(pixels, w, h) {(pixels), (w), (h), 1, 0, 0}
#define PF_CANVAS32(pixels, w, h) {(pixels), (w), (h), 4, 0, 0}

/* A picture to stamp: palette indices or 0xRRGGBB words; `clear` is the colour that lets through (none: -1). */
typedef struct {
    const void *pixels;
    int w, h;
    int clear;
} pf_sprite;

enum { PF_FLIP_X = 1, PF_FLIP_Y = 2 };

static inline void pf_present(const pf_canvas *c) { pf_video_present(c->pixels, c->w * c->bytes); }

/* 0xRRGGBB as the four bytes R G B x. */
static inline uint32_t pf_rgba(uint32_t rgb) {
    return (rgb >> 16 & 255) | (rgb & 0xff00) | (rgb & 255) << 16 | 0xff000000u;
}

static inline void pf_put(pf_canvas *c, int i, uint32_t colour) {
    if (c->bytes == 1) ((uint8_t *)c->pixels)[i] = (uint8_t)colour;
    else ((uint32_t *)c->pixels)[i] = pf_rgba(colour);
}

static inline void pf_dot(pf_canvas *c, int x, int y, uint32_t colour) {
    x += c->ox, y += c->oy;
    if ((unsigned)x < (unsigned)c->w && (unsigned)y < (unsigned)c->h) pf_put(c, y * c->w + x, colour);
}

static inline void pf_clear(pf_canvas *c, uint32_t colour) {
    for (int i = 0; i < c->w * c->h; i++) pf_put(c, i, colour);
}

static inline void pf_rect(pf_canvas *c, int x, int y, int w, int h, uint32_t colour) {
    int x0 = pf_max(x + c->ox, 0), y0 = pf_max(y + c->oy, 0);
    int x1 = pf_min(x + c->ox + w, c->w), y1 = pf_min(y + c->oy + h, c->h);
    for (int row = y0; row < y1; row++)
        for (int col = x0; col < x1; col++) pf_put(c, row * c->w + col, colour);
}

static inline void pf_frame(pf_canvas *c, int x, int y, int w, int h, uint32_t colour) {
    pf_rect(c, x, y, w, 1, colour);
    pf_rect(c, x, y + h - 1, w, 1, colour);
    pf_rect(c, x, y, 1, h, colour);
    pf_rect(c, x + w - 1, y, 1, h, colour);
}

static inline void pf_line(pf_canvas *c, int x0, int y0, int x1, int y1, uint32_t colour) {
    int dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y0 - y1 : y1 - y0;
    int sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1, error = dx + dy;
    for (;;) {
        pf_dot(c, x0, y0, colour);
        if (x0 == x1 && y0 == y1) return;
        int twice = 2 * error;
        if (twice >= dy) error += dy, x0 += sx;
        if (twice <= dx) error += dx, y0 += sy;
    }
}

static inline void pf_disc(pf_canvas *c, int x, int y, int r, uint32_t colour) {
    for (int dy = -r; dy <= r; dy++)
        for (int dx = -r; dx <= r; dx++)
            if (dx * dx + dy * dy <= r * r + r / 2) pf_dot(c, x + dx, y + dy, colour);
}

static inline void pf_circle(pf_canvas *c, int x, int y, int r, uint32_t colour) {
    int dx = r, dy = 0, error = 1 - r;
    while (dx >= dy) {
        pf_dot(c, x + dx, y + dy, colour), pf_dot(c, x - dx, y + dy, colour);
        pf_dot(c, x + dx, y - dy, colour), pf_dot(c, x - dx, y - dy, colour);
        pf_dot(c, x + dy, y + dx, colour), pf_dot(c, x - dy, y + dx, colour);
        pf_dot(c, x + dy, y - dx, colour), pf_dot(c, x - dy, y - dx, colour);
        dy++;
        if (error < 0) error += 2 * dy + 1;
        else dx--, error += 2 * (dy - dx) + 1;
    }
}

/* Stamps a sprite; `tint` >= 0 draws its shape in that one colour (hit flashes, shadows). */
static inline void pf_stamp(pf_canvas *c, const pf_sprite *s, int x, int y, int flip, int tint) {
    for (int row = 0; row < s->h; row++)
        for (int col = 0; col < s->w; col++) {
            int i = (flip & PF_FLIP_Y ? s->h - 1 - row : row) * s->w + (flip & PF_FLIP_X ? s->w - 1 - col : col);
            int colour = c->bytes == 1 ? ((const uint8_t *)s->pixels)[i] : (int)(((const uint32_t *)s->pixels)[i] & 0xffffff);
            if (colour != s->clear) pf_dot(c, x + col, y + row, (uint32_t)(tint >= 0 ? tint : colour));
        }
}

/* Space to underscore, 5x7; each glyph is five columns, the top pixel is bit 0. Small letters show as capitals. */
static const uint8_t pf_font[64][5] = {
    {0x00, 0x00, 0x00, 0x00, 0x00},
    {0x00, 0x00, 0x2f, 0x00, 0x00},
    {0x00, 0x03, 0x00, 0x03, 0x00},
    {0x12, 0x3f, 0x12, 0x3f, 0x12},
    {0x12, 0x15, 0x3f, 0x15, 0x09},
    {0x13, 0x0b, 0x04, 0x1a, 0x19},
    {0x1a, 0x25, 0x2d, 0x12, 0x28},
    {0x00, 0x00, 0x03, 0x00, 0x00},
    {0x00, 0x00, 0x1e, 0x21, 0x00},
    {0x00, 0x21, 0x1e, 0x00, 0x00},
    {0x2a, 0x1c, 0x3e, 0x1c, 0x2a},
    {0x08, 0x08, 0x3e, 0x08, 0x08},
    {0x00, 0x40, 0x30, 0x00, 0x00},
    {0x00, 0x08, 0x08, 0x08, 0x00},
    {0x00, 0x00, 0x20, 0x00, 0x00},
    {0x20, 0x10, 0x08, 0x06, 0x01},
    {0x1e, 0x31, 0x29, 0x25, 0x1e},
    {0x00, 0x22, 0x3f, 0x20, 0x00},
    {0x22, 0x31, 0x29, 0x25, 0x22},
    {0x11, 0x25, 0x25, 0x25, 0x1a},
    {0x08, 0x0c, 0x0a, 0x3f, 0x08},
    {0x17, 0x25, 0x25, 0x25, 0x19},
    {0x1e, 0x25, 0x25, 0x25, 0x18},
    {0x01, 0x31, 0x09, 0x05, 0x03},
    {0x1a, 0x25, 0x25, 0x25, 0x1a},
    {0x06, 0x29, 0x29, 0x29, 0x1e},
    {0x00, 0x00, 0x12, 0x00, 0x00},
    {0x00, 0x20, 0x12, 0x00, 0x00},
    {0x00, 0x04, 0x0a, 0x11, 0x00},
    {0x00, 0x14, 0x14, 0x14, 0x00},
    {0x00, 0x11, 0x0a, 0x04, 0x00},
    {0x02, 0x01, 0x29, 0x05, 0x02},
    {0x1e, 0x21, 0x2d, 0x2d, 0x0e},
    {0x3e, 0x09, 0x09, 0x09, 0x3e},
    {0x3f, 0x25, 0x25, 0x25, 0x1a},
    {0x1e, 0x21, 0x21, 0x21, 0x12},
    {0x3f, 0x21, 0x21, 0x21, 0x1e},
    {0x3f, 0x25, 0x25, 0x25, 0x21},
    {0x3f, 0x05, 0x05, 0x05, 0x01},
    {0x1e, 0x21, 0x25, 0x25, 0x1c},
    {0x3f, 0x04, 0x04, 0x04, 0x3f},
    {0x00, 0x21, 0x3f, 0x21, 0x00},
    {0x10, 0x20, 0x21, 0x1f, 0x01},
    {0x3f, 0x04, 0x0a, 0x11, 0x20},
    {0x3f, 0x20, 0x20, 0x20, 0x20},
    {0x3f, 0x02, 0x0c, 0x02, 0x3f},
    {0x3f, 0x02, 0x04, 0x08, 0x3f},
    {0x1e, 0x21, 0x21, 0x21, 0x1e},
    {0x3f, 0x09, 0x09, 0x09, 0x06},
    {0x1e, 0x21, 0x29, 0x11, 0x2e},
    {0x3f, 0x09, 0x09, 0x19, 0x26},
    {0x12, 0x25, 0x25, 0x25, 0x19},
    {0x01, 0x01, 0x3f, 0x01, 0x01},
    {0x1f, 0x20, 0x20, 0x20, 0x1f},
    {0x07, 0x18, 0x20, 0x18, 0x07},
    {0x3f, 0x10, 0x0c, 0x10, 0x3f},
    {0x21, 0x12, 0x0c, 0x12, 0x21},
    {0x01, 0x02, 0x3c, 0x02, 0x01},
    {0x31, 0x29, 0x25, 0x23, 0x21},
    {0x00, 0x00, 0x3f, 0x21, 0x00},
    {0x01, 0x06, 0x08, 0x10, 0x20},
    {0x00, 0x21, 0x3f, 0x00, 0x00},
    {0x00, 0x02, 0x01, 0x02, 0x00},
    {0x20, 0x20, 0x20, 0x20, 0x20},};

#define PF_TEXT_ADVANCE 6 /* pixels from one character to the next, at scale 1 */

static inline const uint8_t *pf_glyph(char ch) {
    if (ch >= 'a' && ch <= 'z') ch -= 32;
    return pf_font[ch < 32 || ch > 95 ? '?' - 32 : ch - 32];
}

static inline int pf_text_width(const char *text, int scale) { return (pf_strlen(text) * PF_TEXT_ADVANCE - 1) * scale; }

static inline void pf_text(pf_canvas *c, int x, int y, const char *text, uint32_t colour, int scale) {
    for (; *text; text++, x += PF_TEXT_ADVANCE * scale)
        for (int i = 0; i < 35; i++)
            if (pf_glyph(*text)[i % 5] >> (i / 5) & 1)
                pf_rect(c, x + i % 5 * scale, y + i / 5 * scale, scale, scale, colour);
}

static inline void pf_text_centred(pf_canvas *c, int x, int y, const char *text, uint32_t colour, int scale) {
    pf_text(c, x - pf_text_width(text, scale) / 2, y, text, colour, scale);
}

/* Writes a number as text, padded with zeros to `digits`; returns where it starts in `to` (12 bytes). */
static inline char *pf_number(char to[12], int value, int digits) {
    unsigned left = value < 0 ? 0u - (unsigned)value : (unsigned)value;
    char *at = to + 11;
    *at = 0;
    do *--at = (char)('0' + left % 10), left /= 10, digits--;
    while ((left || digits > 0) && at > to + 1);
    if (value < 0) *--at = '-';
    return at;
}

#endif
