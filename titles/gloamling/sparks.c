/* The players: flying, dashing, drawing light behind them, and closing loops with it. */
#include "game.h"

float light_length(void) { return 54 + 14 * (float)g.up[UP_LIGHT]; } /* in trail points, 2.5 pixels apart */

int sparks_alive(void) {
    int n = 0;
    for (int i = 0; i < SPARKS; i++) n += g.sparks[i].here && g.sparks[i].hearts > 0;
    return n;
}

vec nearest_spark(vec from) {
    vec best = {W / 2, H / 2};
    float least = 1e9f;
    for (int i = 0; i < SPARKS; i++) {
        spark *s = &g.sparks[i];
        if (s->here && s->hearts > 0 && distance(from, s->at) < least) least = distance(from, s->at), best = s->at;
    }
    return best;
}

void spark_join(int player) {
    spark *s = &g.sparks[player];
    *s = (spark){.here = 1, .hearts = 3 + g.up[UP_HEART], .unhurt = 120};
    s->at = (vec){W / 2 + (player ? 16 : SPARKS > 1 && g.sparks[1].here ? -16 : 0), H / 2 + 20};
    burst(s->at, 20, 1.6f, player ? CYAN : YELLOW);
    sfx(SFX_JOIN, 0);
}

void sparks_begin(void) {
    for (int i = 0; i < SPARKS; i++) g.sparks[i].here = 0;
}

/* Everything near is pushed back and stunned: the upgrades that answer a loop or a hit. */
static void shock(vec at, float reach, int ticks) {
    for (int i = 0; i < CRITTERS; i++) {
        critter *c = &g.critters[i];
        if (c->kind < 0 || c->born > 0 || distance(c->at, at) > reach) continue;
        c->stun = pf_max(c->stun, ticks);
        c->v = toward(at, c->at, 1.5f);
    }
}

void spark_hurt(int player, vec from) {
    spark *s = &g.sparks[player];
    if (s->unhurt > 0 || s->dash > 0 || s->hearts <= 0) return;
    s->hearts--, s->unhurt = 110, s->length = 0, g.hurt_tonight = 1, g.chain = 0, g.chain_left = 0;
    s->v = toward(from, s->at, 3);
    g.shake = 18, g.stop = 9;
    burst(s->at, 34, 2.4f, RED);
    sfx(SFX_HURT, 0);
    shock(s->at, 40, 50);
    if (s->hearts == 0) {
        burst(s->at, 60, 3, player ? CYAN : YELLOW);
        pf_event("death", g.night);
    }
}

/* Takes the loop trail[from..] out of the light and catches what is in it. */
static void close_loop(int player, int from) {
    spark *s = &g.sparks[player];
    int count = s->length - from;
    float area = 0;
    for (int i = 0; i < count; i++) {
        vec a = s->trail[from + i], b = s->trail[from + (i + 1) % count];
        area += a.x * b.y - b.x * a.y;
    }
    if (area < 0) area = -area;
    if (area < 240) return;
    flash *f = &g.flashes[0];
    for (int i = 0; i < FLASHES; i++)
        if (g.flashes[i].life < f->life) f = &g.flashes[i];
    for (int i = 0; i < count; i++) f->at[i] = s->trail[from + i];
    f->count = count;
    f->caught = critters_caught(f->at, count, player);
    f->life = f->caught ? 30 : 14;
    for (int i = 0; i < count; i += 2) burst(f->at[i], 1, 0.7f, player ? CYAN : YELLOW);
    s->length = from > 2 && !f->caught ? from : 0;
    if (!f->caught) sfx(SFX_LOOP, 0);
    else if (g.up[UP_STUN]) shock(s->at, 30 + 18 * (float)g.up[UP_STUN], 60);
}

static int crosses(vec a, vec b, vec c, vec d) {
    vec ab = sub(b, a), cd = sub(d, c), ac = sub(c, a);
    float whole = ab.x * cd.y - ab.y * cd.x;
    if (whole > -0.001f && whole < 0.001f) return 0;
    float t = (ac.x * cd.y - ac.y * cd.x) / whole, u = (ac.x * ab.y - ac.y * ab.x) / whole;
    return t >= 0 && t <= 1 && u >= 0 && u <= 1;
}

/* A new point of light; a loop closes where the light is crossed, or nearly touched. */
static void lay(int player) {
    spark *s = &g.sparks[player];
    vec last = s->length ? s->trail[s->length - 1] : (vec){-99, -99};
    if (s->length && distance(last, s->at) < 2.5f) return;
    if (s->length >= (int)light_length() || s->length >= TRAIL - 1) {
        for (int i = 1; i < s->length; i++) s->trail[i - 1] = s->trail[i];
        s->length--;
    }
    s->trail[s->length++] = s->at;
    for (int i = s->length - 9; i > 0; i--)
        if (crosses(s->trail[i - 1], s->trail[i], last, s->at) || (i < s->length - 16 && distance(s->trail[i], s->at) < 4.5f)) {
            close_loop(player, i);
            return;
        }
}

static void start_dash(int player, vec dir) {
    spark *s = &g.sparks[player];
    float n = length(dir);
    if (n < 0.1f) dir = s->v, n = length(dir);
    if (n < 0.1f) return;
    s->dash_dir = (vec){dir.x / n, dir.y / n};
    s->dash = 13, s->rest = 52 - 11 * g.up[UP_DASH];
    burst(s->at, 10, 1.3f, WHITE);
    sfx(SFX_DASH, 0);
    if (g.up[UP_BURST]) shock(s->at, 20 + 12 * (float)g.up[UP_BURST], 50);
}

static void keep_inside(spark *s) {
    if (s->at.x < FIELD_X0) s->at.x = FIELD_X0, s->v.x *= -0.4f;
    if (s->at.x > FIELD_X1) s->at.x = FIELD_X1, s->v.x *= -0.4f;
    if (s->at.y < FIELD_Y0) s->at.y = FIELD_Y0, s->v.y *= -0.4f;
    if (s->at.y > FIELD_Y1) s->at.y = FIELD_Y1, s->v.y *= -0.4f;
}

static void pick_up(spark *s) {
    float reach = 8 + 14 * (float)g.up[UP_NECTAR];
    for (int i = 0; i < DROPS; i++) {
        drop *d = &g.drops[i];
        if (d->life <= 0) continue;
        float far = distance(d->at, s->at);
        if (far < reach) d->v = toward(d->at, s->at, 2.2f);
        if (far > 8) continue;
        d->life = 0;
        burst(d->at, 12, 1.2f, d->kind ? PINK : LIME);
        if (d->kind && s->hearts < 3 + g.up[UP_HEART]) {
            s->hearts++;
            say(d->at, "HEART", PINK, 1), sfx(SFX_HEART, 0);
        } else {
            int worth = 50 * (1 + g.up[UP_NECTAR]);
            g.score += worth, say_number(d->at, "+", worth, LIME, 1), sfx(SFX_PICK, 0);
        }
    }
}

void spark_step(int player, const wish *w) {
    spark *s = &g.sparks[player];
    if (!s->here || s->hearts <= 0) return;
    s->flap++;
    if (s->unhurt > 0) s->unhurt--;
    if (s->rest > 0) s->rest--;
    if (w->dash && s->rest == 0) start_dash(player, w->dir);
    float top = 1.85f + 0.16f * (float)g.up[UP_WINGS];
    if (s->dash > 0) {
        s->dash--;
        s->v = (vec){s->dash_dir.x * 4.1f, s->dash_dir.y * 4.1f};
        if (s->dash == 0) s->v = (vec){s->dash_dir.x * top, s->dash_dir.y * top};
        burst(s->at, 1, 0.3f, player ? CYAN : YELLOW);
    } else {
        s->v.x += (w->dir.x * top - s->v.x) * 0.2f;
        s->v.y += (w->dir.y * top - s->v.y) * 0.2f;
    }
    s->at = add(s->at, s->v, 1);
    keep_inside(s);
    pick_up(s);
    lay(player);
}
