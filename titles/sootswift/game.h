/* Sootswift: what the files share. */

#ifndef GAME_H
#define GAME_H

#include <stdint.h>

typedef uint8_t u8;
typedef int8_t i8;
typedef uint16_t u16;
typedef int16_t i16;

#define REG(address) (*(volatile u8 *)(address))

/* The flue on the screen: 20 tiles wide, of which two on either side are wall; 16 high, above the two lines of smoke
   and figures. */
#define WIDTH 20
#define WALL 2
#define VIEW 128
#define RING 32

/* Background tiles. Letters are where ASCII has them. */
enum {
    EMPTY, FAINT_A, FAINT_B, STAR_A, STAR_B, SMOKE_A, SMOKE_B, SMOKE_C, SMOKE_D, FEATHER, NO_FEATHER, BREATH,
    NO_BREATH, HALF_BREATH, MOON_A, MOON_B, MOON_C, MOON_D, ROOF,
    /* From here on a tile stands in the way. */
    SOLID = 0x60, BRICK_A = 0x60, BRICK_B, LEDGE_LEFT, LEDGE, LEDGE_RIGHT, SOOT, HOT, RIM,
    NAME = 0x70
};

/* Sprite tiles, 8x16 each, so even numbers; a bird has two. */
enum {
    BIRD_UP = 0xA0, BIRD_DOWN = 0xA4, BIRD_GLIDE = 0xA8, BIRD_DART = 0xAC, BIRD_HURT = 0xB0, MOTH_A = 0xB4,
    MOTH_B = 0xB6, BAT_A = 0xB8, BAT_B = 0xBC, SPIDER = 0xC0, EMBER_A = 0xC4, EMBER_B = 0xC6, PUFF_A = 0xC8,
    PUFF_B = 0xCA, CRUMB = 0xCC, THREAD = 0xCE, DIGIT = 0xD0
};

/* Buttons. */
enum { RIGHT = 1, LEFT = 2, UP = 4, DOWN = 8, A = 16, B = 32, SELECT = 64, START = 128 };

/* Attributes of a sprite. */
#define LOOK_LIGHT 0x10
#define LOOK_MIRRORED 0x20

/* gb.s */
extern volatile u8 blanks;
void copy_sprites(void);
void wait_blank(void);

/* art.c */
void load_art(void);

/* screen.c */
extern u8 pad, pressed, clock;
extern u8 scroll_y, shake;
void screen_off(void);
void screen_on(void);
void next_frame(void);
void clear_screen(void);
void put_text(u8 column, u8 row, const char *text);
void put_tile(u8 column, u8 row, u8 tile);
void put_digits(u8 column, u8 row, const u8 *digits, u8 count);
void put_row(u8 row, const u8 *tiles);
void window_text(u8 column, const u8 *tiles, u8 count);
void window_smoke(void);
void window_show(u8 shown);
void sprite(u8 x, i16 y, u8 tile, u8 look);
void sprite_wide(u8 x, i16 y, u8 tile, u8 look);
void flash(u8 frames);
void colours(u8 palette);

/* chance.c */
u8 chance(void);
void stir(u8 with);

/* score.c */
#define DIGITS 6
extern u8 score[DIGITS], best[DIGITS], best_flue;
void load_best(void);
u8 keep_best(u8 flue);
void clear_score(void);
void add_score(u8 points, u8 times);

/* flue.c: the tiles, made row by row as the view climbs. */
extern u8 flue, rows_left;
void flue_reset(void);
void flue_fill(void);
void flue_row(void);
u8 tile_at(u8 x, i16 y);
void break_soot(u8 x, i16 y);

/* things.c: what flies and crawls in the flue. */
enum { NOTHING, MOTH, BAT, SPIDER_THING, EMBER };
void things_reset(void);
void things_add(u8 kind, u8 x, i16 y);
void things_scroll(u8 by);
void things_step(void);

/* pops.c: what flies off for a moment. */
void pops_reset(void);
void pop(u8 x, i16 y, u8 tile, i8 dx, i8 dy);
void pops_scroll(u8 by);
void pops_step(void);

/* bird.c: the player. */
#define FEATHERS 5
#define BREATHS 8
extern u8 feathers, breath, chain, darting;
extern i16 bird_x, bird_y;
void bird_reset(void);
void bird_new(void);
void bird_step(void);
void bird_draw(void);
void bird_scroll(u8 by);
void bird_eats(u8 x, i16 y);
void bird_hurt(void);
void bird_away(void);

/* sound.c */
enum { TUNE_NONE, TUNE_TITLE, TUNE_FLUE, TUNE_SKY, TUNE_LOST };
enum {
    SOUND_FLAP, SOUND_DART, SOUND_EAT, SOUND_BUMP, SOUND_BREAK, SOUND_HURT, SOUND_KILL, SOUND_FEATHER, SOUND_EMPTY,
    SOUND_START, SOUND_TICK, SOUND_EMBER
};
void sound_reset(void);
void play_tune(u8 tune);
void sound_pace(u8 frames_a_row);
void play_sound(u8 sound);
void sound_step(void);

/* climb.c and title.c: the parts of a game. */
void title(void);
u8 climb(void);
void sky(void);
void lost(void);

#endif
