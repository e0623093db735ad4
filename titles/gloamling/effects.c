/* Motes, floating words, dust that hurts and drops that help: what flies about between players and critters. */
#include "game.h"

void effects_clear(void) {
    for (int i = 0; i < MOTES; i++) g.motes[i].life = 0;
    for (int i = 0; i < WORDS; i++) g.words[i].life = 0;
    for (int i = 0; i < FLASHES; i++) g.flashes[i].life = 0;
    for (int i = 0; i < DUST; i++) g.dust[i].life = 0;
    for (int i = 0; i < DROPS; i++) g.drops[i].life = 0;
}

void burst(vec at, int count, float speed, int colour) {
    static int next;
    for (; count > 0; count--) {
        mote *m = &g.motes[next = (next + 1) % MOTES];
        m->at = at, m->v = heading(chance(256), speed * (float)(40 + chance(216)) / 256);
        m->full = m->life = 14 + chance(26), m->colour = colour;
    }
}

void say(vec at, const char *text, int colour, int scale) {
    words *w = &g.words[0];
    for (int i = 0; i < WORDS; i++)
        if (g.words[i].life < w->life) w = &g.words[i];
    int half = pf_text_width(text, scale) / 2;
    *w = (words){.at = at, .life = 30 + 22 * scale, .colour = colour, .scale = scale};
    w->at.x = (float)pf_clamp((int)at.x, half + 3, W - half - 3);
    w->at.y = (float)pf_clamp((int)at.y, FIELD_Y0 + 8, H - 10);
    for (int i = 0; i < 13 && text[i]; i++) w->text[i] = text[i];
}

void say_number(vec at, const char *before, int value, int colour, int scale) {
    char text[16], digits[12], *d = pf_number(digits, value, 1);
    int n = 0;
    while (*before && n < 3) text[n++] = *before++;
    while (*d && n < 13) text[n++] = *d++;
    text[n] = 0;
    say(at, text, colour, scale);
}

void shoot(vec at, vec v) {
    for (int i = 0; i < DUST; i++)
        if (g.dust[i].life <= 0) {
            g.dust[i] = (dust){at, v, 300};
            return;
        }
}

void let_fall(vec at, int kind) {
    for (int i = 0; i < DROPS; i++)
        if (g.drops[i].life <= 0) {
            g.drops[i] = (drop){at, heading(chance(256), 0.8f), kind, 600};
            return;
        }
}

static void dust_step(dust *d) {
    d->at = add(d->at, d->v, 1), d->life--;
    if (d->at.x < 2 || d->at.x > W - 2 || d->at.y < FIELD_Y0 - 6 || d->at.y > H - 2) d->life = 0;
    for (int p = 0; p < SPARKS && d->life > 0; p++) {
        spark *s = &g.sparks[p];
        if (!s->here || s->hearts <= 0 || distance(d->at, s->at) > 4) continue;
        spark_hurt(p, d->at);
        d->life = 0;
    }
}

void effects_step(void) {
    for (int i = 0; i < MOTES; i++) {
        mote *m = &g.motes[i];
        if (m->life <= 0) continue;
        m->life--, m->at = add(m->at, m->v, 1);
        m->v = (vec){m->v.x * 0.94f, m->v.y * 0.94f};
    }
    for (int i = 0; i < WORDS; i++)
        if (g.words[i].life > 0) g.words[i].life--, g.words[i].at.y -= g.words[i].life > 24 ? 0.35f : 0.1f;
    for (int i = 0; i < FLASHES; i++)
        if (g.flashes[i].life > 0) g.flashes[i].life--;
    for (int i = 0; i < DUST; i++)
        if (g.dust[i].life > 0) dust_step(&g.dust[i]);
    for (int i = 0; i < DROPS; i++) {
        drop *d = &g.drops[i];
        if (d->life <= 0) continue;
        d->life--, d->at = add(d->at, d->v, 1), d->v = (vec){d->v.x * 0.9f, d->v.y * 0.9f};
        d->at.x = d->at.x < FIELD_X0 ? FIELD_X0 : d->at.x > FIELD_X1 ? FIELD_X1 : d->at.x;
        d->at.y = d->at.y < FIELD_Y0 ? FIELD_Y0 : d->at.y > FIELD_Y1 ? FIELD_Y1 : d->at.y;
    }
}
