/* The score, in decimal digits; and the best in the cartridge's battery RAM. */

#include <string.h>
#include "game.h"

u8 score[DIGITS], best[DIGITS], best_flue;

/* Battery RAM has anything at first, so it is believed only with its mark and its sum. */
struct save {
    char mark[4];
    u8 best[DIGITS];
    u8 flue;
    u8 sum;
};

#define save ((volatile struct save *)0xA000)
/* Written to the cartridge's controller (MBC1): its RAM can be reached, or is safe. */
#define RAM_GATE REG(0x0000)
#define OPEN 0x0A
#define SHUT 0x00

static const char mark[4] = { 'S', 'S', 'W', '1' };

static u8 sum(void)
{
    u8 i, total = 0x5A;

    for (i = 0; i != DIGITS; ++i) {
        total += save->best[i] + i;
    }
    return total + save->flue;
}

static u8 valid(void)
{
    u8 i;

    for (i = 0; i != 4; ++i) {
        if (save->mark[i] != mark[i]) {
            return 0;
        }
    }
    for (i = 0; i != DIGITS; ++i) {
        if (save->best[i] > 9) {
            return 0;
        }
    }
    return save->flue < 100 && save->sum == sum();
}

static void write(const u8 *digits, u8 number)
{
    u8 i;

    for (i = 0; i != 4; ++i) {
        save->mark[i] = mark[i];
    }
    for (i = 0; i != DIGITS; ++i) {
        save->best[i] = digits[i];
    }
    save->flue = number;
    save->sum = sum();
}

void load_best(void)
{
    static const u8 first[DIGITS] = { 0, 0, 1, 0, 0, 0 };
    u8 i;

    RAM_GATE = OPEN;
    if (!valid()) {
        write(first, 1);
    }
    for (i = 0; i != DIGITS; ++i) {
        best[i] = save->best[i];
    }
    best_flue = save->flue;
    RAM_GATE = SHUT;
}

/* Whether the score is a new best. */
u8 keep_best(u8 number)
{
    u8 better = memcmp(score, best, DIGITS) > 0;

    RAM_GATE = OPEN;
    write(better ? score : best, number > best_flue ? number : best_flue);
    RAM_GATE = SHUT;
    load_best();
    return better;
}

void clear_score(void)
{
    memset(score, 0, DIGITS);
}

/* Adds points of 0 to 99, so many times. */
void add_score(u8 points, u8 times)
{
    u8 i, tens = 0;

    while (points > 9) {
        points -= 10;
        ++tens;
    }
    for (; times != 0; --times) {
        score[DIGITS - 1] += points;
        score[DIGITS - 2] += tens;
        for (i = DIGITS - 1; i != 0 && score[i] > 9; --i) {
            score[i] -= 10;
            ++score[i - 1];
        }
        /* The tens may overflow where the ones did not. */
        for (i = DIGITS - 2; i != 0; --i) {
            if (score[i] > 9) {
                score[i] -= 10;
                ++score[i - 1];
            }
        }
        if (score[0] > 9) {
            memset(score, 9, DIGITS);
        }
    }
}
