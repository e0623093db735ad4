/* Critters: how each kind moves, what it does to a player, and what a closed loop does to it. */
#include "game.h"

static const int worth[KINDS] = {10, 15, 30, 25, 40, 30, 0, 400};
static const float size[KINDS] = {4, 3, 5, 4, 4, 5, 5, 11};

void critters_begin(void) {
    for (int i = 0; i < CRITTERS; i++) g.critters[i].kind = -1;
}

critter *critter_add(int kind, vec at) {
    for (int i = 0; i < CRITTERS; i++) {
        critter *c = &g.critters[i];
        if (c->kind >= 0) continue;
        int shell = kind == BEETLE ? 1 : kind == QUEEN ? 4 + g.night / 5 : 0;
        *c = (critter){.kind = kind, .at = at, .born = 50, .shell = shell, .phase = chance(256)};
        c->v = heading(c->phase, 0.5f);
        return c;
    }
    return 0;
}

/* ---- moving */

static float pace(void) { return 1 + 0.035f * (float)pf_min(g.night, 14); }

static void steer(critter *c, vec want, float share) {
    c->v.x += (want.x - c->v.x) * share, c->v.y += (want.y - c->v.y) * share;
}

static void flutter(critter *c, float speed, float turn) {
    c->angle += ((float)chance(256) - 127.5f) / 128 * turn;
    vec middle = toward(c->at, (vec){W / 2, H / 2}, 0.12f * speed);
    steer(c, add(heading((int)c->angle & 255, speed), middle, 1), 0.08f);
}

static void wasp_step(critter *c) {
    int t = c->age % 170;
    if (t < 96) flutter(c, 0.5f * pace(), 14);
    else if (t < 126) {
        steer(c, (vec){0, 0}, 0.2f);
        if (t == 100) sfx(SFX_WARN, 0), c->flash = 24;
    } else if (t == 126) c->v = toward(c->at, nearest_spark(c->at), 3.1f * pace());
    else if (t > 146) steer(c, (vec){0, 0}, 0.06f);
}

/* The snuffer goes for the nearest light behind a player and puts it out up to there. */
static void snuffer_step(critter *c) {
    vec goal = {W / 2, H / 2};
    float least = 90;
    for (int p = 0; p < SPARKS; p++) {
        spark *s = &g.sparks[p];
        for (int i = 0; s->here && i < s->length - 6; i++) {
            float far = distance(c->at, s->trail[i]);
            if (far < least) least = far, goal = s->trail[i];
            if (far > 5) continue;
            for (int k = 0; k <= i; k += 3) burst(s->trail[k], 1, 0.5f, VIOLET);
            for (int k = i + 1; k < s->length; k++) s->trail[k - i - 1] = s->trail[k];
            s->length -= i + 1, c->flash = 10;
            sfx(SFX_SNUFF, 0);
            break;
        }
    }
    if (least < 90) steer(c, toward(c->at, goal, 0.85f * pace()), 0.05f);
    else flutter(c, 0.4f, 12);
}

static void queen_step(critter *c) {
    vec goal = {W / 2 + (float)pf_sin8(c->age / 2) * 76 / 127, H / 2 + 6 + (float)pf_sin8(c->age + 40) * 42 / 127};
    steer(c, toward(c->at, goal, 0.9f), 0.06f);
    int t = c->age % 240;
    if (t == 110) c->flash = 20, sfx(SFX_WARN, -5);
    if (t == 135) {
        int count = 9 + g.night / 5 * 2, turn = chance(256);
        for (int i = 0; i < count; i++) shoot(c->at, heading(turn + i * 256 / count, 0.75f));
        sfx(SFX_SNUFF, 5);
    }
    if (t == 220 && g.night > 5)
        for (int i = 0; i < 8; i++) shoot(c->at, toward(c->at, add(nearest_spark(c->at), heading(chance(256), 20), 1), 1.1f));
    if (t == 10)
        for (int i = 0; i < 3; i++) {
            critter *young = critter_add(i == 2 && g.night > 5 ? WASP : GNAT, add(c->at, heading(i * 85, 18), 1));
            if (young) young->born = 30;
        }
}

static void move(critter *c) {
    switch (c->kind) {
    case MOTH: flutter(c, 0.42f * pace(), 18); break;
    case GNAT: steer(c, toward(c->at, nearest_spark(c->at), (0.55f + 0.2f * (float)pf_sin8(c->age * 3 + c->phase) / 127) * pace()), 0.04f); break;
    case BEETLE: if (length(c->v) < 0.4f) steer(c, heading(c->phase, 0.6f * pace()), 0.1f); break;
    case SEED: flutter(c, 0.4f * pace(), 9); break;
    case WASP: wasp_step(c); break;
    case SNUFFER: snuffer_step(c); break;
    case THORN: flutter(c, 0.3f, 5); break;
    default: queen_step(c);
    }
}

static void bounce(critter *c) {
    float r = size[c->kind];
    if (c->at.x < FIELD_X0 + r || c->at.x > FIELD_X1 - r) c->v.x = c->at.x < W / 2 ? __builtin_fabsf(c->v.x) : -__builtin_fabsf(c->v.x), c->angle = c->at.x < W / 2 ? 0 : 128;
    if (c->at.y < FIELD_Y0 + r || c->at.y > FIELD_Y1 - r) c->v.y = c->at.y < H / 2 ? __builtin_fabsf(c->v.y) : -__builtin_fabsf(c->v.y), c->angle = c->at.y < H / 2 ? 64 : 192;
}

static void burn(critter *c) {
    for (int p = 0; p < SPARKS; p++)
        for (int i = 0; g.sparks[p].here && i < g.sparks[p].length - 8; i += 2)
            if (distance(g.sparks[p].trail[i], c->at) < 4) {
                c->stun = 12 + 18 * g.up[UP_EMBER];
                c->v = (vec){c->v.x * -0.5f, c->v.y * -0.5f};
                burst(c->at, 3, 0.8f, ORANGE);
                return;
            }
}

/* Moths and seeds do no harm, but brushing one breaks the light that is being drawn. */
static void brush(critter *c, spark *s) {
    if (s->unhurt > 0 || s->dash > 0) return;
    c->v = toward(s->at, c->at, 1.8f);
    if (s->length < 8) return;
    for (int k = 0; k < s->length; k += 3) burst(s->trail[k], 1, 0.5f, ICE);
    s->length = 0, c->flash = 8;
    sfx(SFX_LOOP, -5);
}

static void touch(critter *c) {
    for (int p = 0; p < SPARKS; p++) {
        spark *s = &g.sparks[p];
        if (!s->here || s->hearts <= 0 || distance(c->at, s->at) > size[c->kind] + 2) continue;
        if (s->dash > 0 && c->kind == BEETLE && c->shell) {
            c->shell = 0, c->flash = 12, c->stun = 60;
            burst(c->at, 14, 1.6f, TAN), sfx(SFX_SHELL, 0);
        } else if (c->kind == MOTH || c->kind == SEED) brush(c, s);
        else if (c->stun == 0) spark_hurt(p, c->at);
    }
}

void critters_step(void) {
    for (int i = 0; i < CRITTERS; i++) {
        critter *c = &g.critters[i];
        if (c->kind < 0) continue;
        if (c->flash > 0) c->flash--;
        if (c->born > 0) {
            c->born--;
            continue;
        }
        if (c->stun > 0) c->stun--, steer(c, (vec){0, 0}, 0.08f);
        else c->age++, move(c);
        c->at = add(c->at, c->v, 1);
        bounce(c);
        if (g.up[UP_EMBER] && c->stun == 0 && c->kind != QUEEN && c->kind != THORN) burn(c);
        touch(c);
    }
}

/* ---- being caught */

int inside(const vec *loop, int count, vec p) {
    int in = 0;
    for (int i = 0, j = count - 1; i < count; j = i++)
        if ((loop[i].y > p.y) != (loop[j].y > p.y) &&
            p.x < (loop[j].x - loop[i].x) * (p.y - loop[i].y) / (loop[j].y - loop[i].y) + loop[i].x) in = !in;
    return in;
}

/* What a loop does to one critter: points, 0 if it was only shaken. */
static int catch_one(critter *c, int player) {
    c->flash = 14;
    if (c->shell > 0) {
        c->shell--, c->stun = c->kind == QUEEN ? 25 : 70;
        burst(c->at, 18, 1.8f, c->kind == QUEEN ? ICE : TAN);
        sfx(SFX_SHELL, c->kind == QUEEN ? -5 : 0);
        if (c->kind == QUEEN) g.shake = 10, g.stop = 8, let_fall(c->at, 0);
        if (c->kind != QUEEN || c->shell > 0) return 0;
    }
    burst(c->at, c->kind == QUEEN ? 70 : 12, c->kind == QUEEN ? 3.2f : 1.7f, player ? CYAN : YELLOW);
    if (c->kind == QUEEN) {
        g.shake = 30, g.stop = 24;
        for (int i = 0; i < DUST; i++) g.dust[i].life = 0;
        let_fall(c->at, 1);
        pf_event("queen", g.night);
        sfx(SFX_BOOM, 0);
    }
    if (c->kind == SEED)
        for (int i = 0; i < 3; i++) {
            critter *young = critter_add(MOTH, add(c->at, heading(i * 85 + c->phase, 9), 1));
            if (young) young->born = 24;
        }
    int points = worth[c->kind];
    c->kind = -1;
    return points;
}

/* A thorn in a loop bursts, and the loop is lost on it. */
static void burst_thorn(critter *c, int player) {
    burst(c->at, 40, 2.6f, RED);
    sfx(SFX_BOOM, 3);
    g.shake = 14;
    for (int k = 0; k < 8; k++) shoot(c->at, heading(k * 32, 1.2f));
    say(c->at, "THORN!", RED, 1);
    if (distance(c->at, g.sparks[player].at) < 34) spark_hurt(player, c->at);
    c->kind = -1;
}

static void reward(vec at, int points, int count) {
    g.chain = pf_min(g.chain + 1, 9), g.chain_left = 260;
    int total = points * count * g.chain;
    g.score += total;
    g.caught_total += count;
    g.best_loop = pf_max(g.best_loop, count);
    static const char *const cheer[] = {"", "", "PAIR!", "TRIPLE!", "RADIANT!", "DAZZLING!", "SUPERB!", "UNREAL!"};
    say_number((vec){at.x, at.y + 9}, "+", total, YELLOW, 1);
    if (count > 1) say(at, cheer[pf_min(count, 7)], count > 3 ? PINK : WHITE, count > 2 ? 2 : 1);
    if (count >= 3) let_fall(at, chance(6) == 0), pf_event("big-loop", count);
    g.shake = pf_max(g.shake, pf_min(2 + 3 * count, 16)), g.stop = pf_max(g.stop, pf_min(2 + 2 * count, 10));
    for (int i = 0; i < pf_min(count, 5); i++) sfx(SFX_CATCH, 2 * g.chain + 4 * i);
}

int critters_caught(const vec *loop, int count, int player) {
    int caught = 0, points = 0, shaken = 0;
    vec middle = {0, 0};
    for (int i = 0; i < CRITTERS; i++) {
        critter *c = &g.critters[i];
        if (c->kind < 0 || c->born > 0 || !inside(loop, count, c->at)) continue;
        if (c->kind == THORN) {
            burst_thorn(c, player);
            continue;
        }
        vec at = c->at;
        int got = catch_one(c, player);
        shaken++;
        if (got) caught++, points += got, middle = add(middle, at, 1);
    }
    if (caught) reward((vec){middle.x / (float)caught, middle.y / (float)caught}, points, caught);
    return caught ? caught : shaken;
}
