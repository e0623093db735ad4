/* Nights: what comes when, when a night is over, and the three lights offered between two nights. */
#include "game.h"

const char *const up_name[UPS] = {"LONG LIGHT", "SWIFT WINGS", "QUICK DASH", "BIG HEART", "EMBERS", "AFTERGLOW", "DASH NOVA", "NECTAR"};
const char *const up_text[UPS][2] = {
    {"LEAVE MORE", "LIGHT BEHIND"}, {"FLY", "FASTER"}, {"DASH MORE", "OFTEN"}, {"ONE MORE", "HEART"},
    {"YOUR LIGHT", "STUNS"}, {"CATCHING", "STUNS OTHERS"}, {"DASHING", "STUNS OTHERS"}, {"DROPS COME", "TO YOU"}};

static const int cost[KINDS] = {1, 1, 2, 2, 3, 2, 0, 0};
static const int from_night[KINDS] = {1, 2, 3, 4, 6, 7, 4, 0};

void night_begin(int night) {
    g.night = night, g.night_age = 0, g.hurt_tonight = 0, g.cleared = 0;
    g.budget = 7 + 3 * night;
    g.next_group = 90;
    critters_begin();
    effects_clear();
    for (int i = 0; i < SPARKS; i++) {
        spark *s = &g.sparks[i];
        if (!s->here) continue;
        if (s->hearts <= 0) s->hearts = 1; /* a friend comes back with the next night */
        s->length = 0, s->unhurt = 120;
    }
    draw_garden(night);
    if (night % 5 == 0) {
        g.budget = 0;
        critter *queen = critter_add(QUEEN, (vec){W / 2, 44});
        if (queen) queen->born = 120;
        song(SONG_QUEEN);
    } else song(night % 5 < 3 ? SONG_PLAY : SONG_DEEP);
    pf_event("night", night);
    pf_timeline_mode(PF_PLAYING);
}

static int alive(int thorns) {
    int n = 0;
    for (int i = 0; i < CRITTERS; i++) n += g.critters[i].kind >= 0 && (g.critters[i].kind == THORN) == thorns;
    return n;
}

/* A place away from the players. */
static vec place(void) {
    vec at = {0, 0};
    for (int tries = 0; tries < 12; tries++) {
        at = (vec){(float)(FIELD_X0 + 14 + chance(FIELD_X1 - FIELD_X0 - 28)), (float)(FIELD_Y0 + 12 + chance(FIELD_Y1 - FIELD_Y0 - 24))};
        if (distance(at, nearest_spark(at)) > 52) break;
    }
    return at;
}

static int pick_kind(void) {
    for (;;) {
        int kind = chance(THORN);
        if (g.night < from_night[kind]) continue;
        if (cost[kind] > 1 && cost[kind] > g.budget) continue;
        return kind;
    }
}

/* Critters come in groups of a kind, close together, so that there is something to fly around. */
static void group(void) {
    int kind = pick_kind(), count = cost[kind] == 1 ? 3 + chance(3) : cost[kind] == 2 ? 1 + chance(3) : 1 + chance(2);
    vec at = place();
    for (int i = 0; i < count && g.budget > 0; i++) {
        if (!critter_add(kind, add(at, heading(i * 256 / count + chance(30), count > 1 ? 11 : 0), 1))) break;
        g.budget -= cost[kind];
    }
    if (g.night >= from_night[THORN] && alive(1) < pf_min(g.night / 4, 4) && chance(2)) critter_add(THORN, place());
}

static void finish(void) {
    g.cleared = 1;
    int bonus = 100 * g.night * (g.hurt_tonight ? 1 : 2);
    g.score += bonus;
    say((vec){W / 2, 60}, g.night % 5 ? "NIGHT CLEAR" : "QUEEN CAUGHT", YELLOW, 2);
    say_number((vec){W / 2, 84}, "+", bonus, WHITE, 1);
    if (!g.hurt_tonight) say((vec){W / 2, 96}, "UNHURT: X2", LIME, 1);
    sfx(SFX_CLEAR, 0);
    pf_event("night-clear", g.night);
    for (int i = 0; i < CRITTERS; i++)
        if (g.critters[i].kind >= 0) burst(g.critters[i].at, 10, 1, PINK), g.critters[i].kind = -1;
    for (int i = 0; i < DUST; i++) g.dust[i].life = 0;
}

static int queen_here(void) {
    for (int i = 0; i < CRITTERS; i++)
        if (g.critters[i].kind == QUEEN) return 1;
    return 0;
}

void night_step(void) {
    g.night_age++;
    if (g.chain_left > 0 && --g.chain_left == 0) g.chain = 0;
    if (g.cleared) {
        g.cleared++;
        return;
    }
    if (g.night % 5 == 0) {
        if (!queen_here()) finish();
        return;
    }
    int here = alive(0);
    if (g.next_group > 0) g.next_group--;
    if (g.budget > 0 && (g.next_group == 0 || (here == 0 && g.night_age > 100)) && here < 8 + g.night) {
        group();
        g.next_group = pf_max(270 - 10 * g.night, 130);
    }
    if (g.budget <= 0 && here == 0) finish();
}

/* Three different lights that can still grow; returns how many there are. */
int offer_make(void) {
    int left[UPS], n = 0, count = 0;
    for (int i = 0; i < UPS; i++)
        if (g.up[i] < (i == UP_LIGHT ? 5 : 3)) left[n++] = i;
    for (; count < 3 && n > 0; count++) {
        int k = chance(n);
        g.offer[count] = left[k], left[k] = left[--n];
    }
    for (int i = count; i < 3; i++) g.offer[i] = -1;
    return count;
}

void offer_take(int which) {
    int up = g.offer[which];
    if (up < 0) return;
    g.up[up]++;
    for (int i = 0; i < SPARKS; i++)
        if (up == UP_HEART && g.sparks[i].here) g.sparks[i].hearts++;
}
