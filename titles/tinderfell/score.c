/* The score, in decimal digits, for a 6502 divides slowly; and the best in battery RAM. */

#include <string.h>
#include "game.h"

u8 score[DIGITS], best[DIGITS];
u8 best_night;

static u16 owed;

/* Battery RAM has anything at first, so it is believed only with its mark and its sum. */
struct save {
    char mark[4];
    u8 best[DIGITS];
    u8 night;
    u8 sum;
};

#pragma bss-name(push, "SAVE")
static struct save save;
#pragma bss-name(pop)

static const char mark[4] = { 'T', 'F', 'L', '1' };

static u8 sum(void)
{
    u8 i, total = 0x5A;

    for (i = 0; i != DIGITS; ++i) {
        total += save.best[i] + i;
    }
    return total + save.night;
}

static u8 valid(void)
{
    u8 i;

    for (i = 0; i != DIGITS; ++i) {
        if (save.best[i] > 9) {
            return 0;
        }
    }
    return memcmp(save.mark, mark, sizeof mark) == 0 && save.night < 100 && save.sum == sum();
}

void load_best(void)
{
    if (!valid()) {
        memcpy(save.mark, mark, sizeof mark);
        memset(save.best, 0, DIGITS);
        save.best[2] = 1;
        save.night = 1;
        save.sum = sum();
    }
    memcpy(best, save.best, DIGITS);
    best_night = save.night;
}

/* Whether the score is a new best. */
u8 keep_best(u8 night)
{
    u8 better;

    while (pay_score()) {
    }
    better = memcmp(score, best, DIGITS) > 0;

    if (better) {
        memcpy(save.best, score, DIGITS);
    }
    if (night > save.night) {
        save.night = night;
    }
    save.sum = sum();
    load_best();
    return better;
}

void clear_score(void)
{
    memset(score, 0, DIGITS);
    owed = 0;
}

/* Points, so many times. They roll in, a step a frame, for a 6502 carries slowly. */
void add_score(u8 points, u8 times)
{
    for (; times != 0; --times) {
        owed += points;
    }
}

/* Adds one to a digit. */
static void count_up(u8 digit)
{
    while (++score[digit] == 10) {
        score[digit] = 0;
        if (digit == 0) {
            memset(score, 9, DIGITS);
            return;
        }
        --digit;
    }
}

/* A step of what is owed, the largest first; whether there was one. */
u8 pay_score(void)
{
    if (owed >= 100) {
        owed -= 100;
        count_up(DIGITS - 3);
    } else if (owed >= 10) {
        owed -= 10;
        count_up(DIGITS - 2);
    } else if (owed != 0) {
        --owed;
        count_up(DIGITS - 1);
    } else {
        return 0;
    }
    return 1;
}
