/* The rules of the pond (see rules.h). */
#include "rules.h"

static int solid(int ground) { return ground == LAND || ground == ROCK; }

int neighbour(int cell, int direction, int steps) {
    static const int dx[4] = {1, 0, -1, 0}, dy[4] = {0, 1, 0, -1};
    int x = cell % COLS + dx[direction] * steps, y = cell / COLS + dy[direction] * steps;
    return x < 0 || x >= COLS || y < 0 || y >= ROWS ? -1 : y * COLS + x;
}

int floating(const pond *p, const places *now, int cell) {
    for (int i = 0; i < p->count; i++)
        if (now->at[i] == cell) return i;
    return -1;
}

static int is_free(const pond *p, const places *now, int cell) {
    return cell >= 0 && !solid(p->ground[cell]) && floating(p, now, cell) < 0;
}

int can_drop(const pond *p, const places *now, int cell) { return is_free(p, now, cell); }

/* From the far end inwards, so that what is ahead makes room for what comes behind. */
static void arm(const pond *p, places *now, int cell, int direction) {
    int length = 0;
    while (length < REACH) {
        int next = neighbour(cell, direction, length + 1);
        if (next < 0 || solid(p->ground[next])) break;
        length++;
    }
    for (int d = length - 1; d >= 1; d--) {
        int who = floating(p, now, neighbour(cell, direction, d));
        for (int to = d + 1; who >= 0 && to <= length; to++) {
            int next = neighbour(cell, direction, to);
            if (!is_free(p, now, next)) break;
            now->at[who] = (uint8_t)next;
            if (p->ground[next] == REEDS) break;
        }
    }
}

/* One step of everything that lies on a stream, by cell from the top left; returns how many moved. */
static int streams(const pond *p, places *now) {
    int moved = 0;
    for (int cell = 0; cell < CELLS; cell++) {
        int who = floating(p, now, cell), flow = p->ground[cell] - STREAM_RIGHT;
        if (who < 0 || flow < 0 || moved >> who & 1) continue;
        int next = neighbour(cell, flow, 1);
        if (is_free(p, now, next)) now->at[who] = (uint8_t)next, moved |= 1 << who;
    }
    return moved;
}

void drop(const pond *p, const places *now, int cell, drift *out) {
    places next = *now;
    out->stage[0] = *now;
    for (int direction = 0; direction < 4; direction++) arm(p, &next, cell, direction);
    out->stage[1] = next;
    out->stages = 2;
    while (out->stages < STAGES && streams(p, &next)) out->stage[out->stages++] = next;
}

int all_lit(const pond *p, const places *now) {
    for (int i = 0; i < p->count; i++)
        if (p->kind[i] != WOOD && p->lily[now->at[i]] != p->kind[i]) return 0;
    return 1;
}

static int place_in(const char *letters, char letter) {
    for (int i = 0; letters[i]; i++)
        if (letters[i] == letter) return i;
    return -1;
}

static void add(pond *p, places *start, int kind, int cell) {
    p->kind[p->count] = (uint8_t)kind, start->at[p->count++] = (uint8_t)cell;
}

void pond_read(pond *p, places *start, const char *text) {
    p->count = 0;
    for (int i = 0; i < FLOATS; i++) start->at[i] = 255;
    for (int cell = 0; cell < CELLS; cell++) {
        char c = text[cell];
        int ground = place_in(".#o\">v<^", c), thing = place_in("grjw", c), lily = place_in("GRJ", c), both = place_in("123", c);
        p->ground[cell] = (uint8_t)(ground < 0 ? WATER : ground);
        p->lily[cell] = (int8_t)(both >= 0 ? both : lily);
        if (thing >= 0) add(p, start, thing, cell);
        if (both >= 0) add(p, start, both, cell);
    }
}
