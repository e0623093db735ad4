/* Tinderfell: what the files share. The C is that of cc65: no floats, 8 bits where they do, few parameters. */

#ifndef GAME_H
#define GAME_H

typedef unsigned char u8;
typedef unsigned int u16;

/* The field: cells of 16x16 pixels, below the two lines of text. */
#define COLUMNS 16
#define ROWS 12
#define CELLS (COLUMNS * ROWS)
#define FIELD_Y 32
#define NOWHERE 255

/* What a cell is; also the order of the pictures in art.s. A tree has two pictures. */
enum {
    GRASS, TREE, TREE_B, WET, SMOULDER, FIRE, ASH, STUMP, WATER, ROCK, HUT, HUT_SMOULDER, HUT_FIRE, RUIN,
    KINDS
};

/* Background tiles. */
#define TILE_DROP 0x01
#define TILE_SPENT 0x02
#define TILE_HUT 0x03
#define TILE_LOST 0x04
#define TILE_WIND 0x05
#define TILE_CALM 0x09
#define TILE_HEDGE 0x0A
#define TILE_FIELD 0x60
#define TILE_NAME 0xA0
#define TILE_RIDGE 0xC0
#define TILE_HILL 0xC1
#define TILE_STAR 0xC2
#define TILE_MOON 0xC4

/* Sprite tiles. */
#define SPRITE_FRONT 0
#define SPRITE_BACK 4
#define SPRITE_SIDE 8
#define SPRITE_STEP 12
#define SPRITE_SINGED 16
#define SPRITE_BLOB 20
#define SPRITE_SPLASH 21
#define SPRITE_SPARK 22
#define SPRITE_EMBER 23
#define SPRITE_SWING 24
#define SPRITE_MARK 25
#define SPRITE_LEAF 26
#define SPRITE_RAIN 27
#define SPRITE_PUFF 28
#define SPRITE_BOLT 29
#define SPRITE_TIMES 30
#define SPRITE_DIGIT 31

/* Attributes of a sprite: its palette, and how it is turned. */
#define RED 0
#define BLUE 1
#define WATERY 2
#define FIERY 3
#define BEHIND 0x20
#define MIRRORED 0x40
#define UPSIDE 0x80

/* Buttons, as read_pads() has them. */
#define PAD_A 0x80
#define PAD_B 0x40
#define PAD_SELECT 0x20
#define PAD_START 0x10
#define PAD_UP 0x08
#define PAD_DOWN 0x04
#define PAD_LEFT 0x02
#define PAD_RIGHT 0x01

/* crt0.s */
extern u8 oam[256];
extern u8 queue_ready, frames, ppu_mask, sprites_end;
#pragma zpsym("queue_ready")
#pragma zpsym("frames")
#pragma zpsym("ppu_mask")
#pragma zpsym("sprites_end")
void wait_blank(void);
void read_pads(void);
void sprite(u8 x, u8 y, u8 tile, u8 attributes);

/* screen.c: the picture, changed in the blanks. */
extern u8 pads[2], pressed[2];
void next_frame(void);
void screen_off(void);
void screen_on(void);
void put_text(u8 column, u8 row, const char *text);
void put_tile(u8 column, u8 row, u8 tile);
void put_number(u8 column, u8 row, const u8 *digits, u8 count);
void put_field_tile(u8 cell, u8 tile, u8 palette);
void put_palettes(u8 row, u8 palettes, u8 blocks);
void put_colours(u8 from, const u8 *colours, u8 count);
void clear_screen(void);
/* Bytes of the queue that a tile of the field takes, and how many are free. */
#define FIELD_TILE 14
u8 queue_room(void);
void sprite_big(u8 x, u8 y, u8 tile, u8 attributes);
extern u8 lower_half;

/* chance.c */
u8 chance(void);
void stir(u8 with);

/* score.c: six decimal digits, kept with the best in battery RAM. */
#define DIGITS 6
extern u8 score[DIGITS], best[DIGITS];
extern u8 best_night;
void load_best(void);
u8 keep_best(u8 night);
void clear_score(void);
void add_score(u8 points, u8 times);
u8 pay_score(void);

/* forest.c: the cells and their picture. */
extern u8 cells[CELLS], heat[CELLS];
/* Huts a game starts with; and the trees that must stand at dawn for one to be built anew. */
#define HUTS 3
#define TREES_FOR_A_HUT 75
extern u8 huts, trees;
void plant(u8 night);
void draw_forest(void);
void set_cell(u8 cell, u8 kind);
void redraw_some(void);
void count_trees(void);
u8 cell_at(u8 x, u8 y);
u8 blocks(u8 x, u8 y);
void ignite(u8 cell);
u8 douse(u8 cell);
u8 burning(u8 cell);

/* fire.c: how it spreads. */
extern u8 wind, wind_force, fires, smoulder_time;
void fire_reset(u8 night);
void fire_step(void);
u8 neighbour(u8 cell, u8 way);

/* storm.c: lightning, sparks in the wind, leaves, rain. */
void storm_reset(u8 night);
void storm_step(void);
void storm_draw(void);
void spark_from(u8 cell);
u8 swat(u8 x, u8 y);
void rain_draw(void);

/* wardens.c: the players. */
extern u8 playing[2], tanks[2];
void wardens_reset(void);
void wardens_step(void);
void wardens_draw(void);
void strike_wardens(u8 cell);

/* pops.c: what flies off for a moment, and the chain of good deeds. */
extern u8 chain;
void pops_reset(void);
void pop(u8 x, u8 y, u8 tile, u8 attributes);
void reward(u8 cell, u8 points);
void pops_step(void);

/* sound.c */
enum { TUNE_NONE, TUNE_TITLE, TUNE_NIGHT, TUNE_DAWN, TUNE_LOST };
enum {
    SOUND_THROW, SOUND_SPLASH, SOUND_SAVED, SOUND_CHOP, SOUND_FELL, SOUND_FILL, SOUND_SINGED, SOUND_IGNITE,
    SOUND_THUNDER, SOUND_SWAT, SOUND_LOST, SOUND_EMPTY, SOUND_START, SOUND_TICK
};
void play_tune(u8 tune);
void play_sound(u8 sound);
void sound_pace(u8 frames_a_row);
void sound_step(void);
void sound_quiet(void);

/* night.c and title.c: the parts of a game. */
void title(void);
u8 night(u8 number);
void dawn(u8 number);
void lost(u8 number);

#endif
