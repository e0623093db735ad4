/* A program to be streamed, for Wayland and for X11, that says when it hands over which picture: `flip KIND [x11] [WIDTHxHEIGHT]`.
 *
 *   part     stands still, and gives the middle of its window another picture at moments nobody can foresee, 300 to 380 ms apart
 *   whole    the same, of all of its window
 *   move     scrolls all of its window, 60 times a second
 *   watch    shows nothing, and counts the pictures that others draw on a screen of X11
 *
 * It speaks both protocols by itself, without a library, so that nothing waits between it and the socket. A line of its output is
 * `flip NUMBER NANOSECONDS`, `move PICTURES NANOSECONDS` or `watch PICTURES NANOSECONDS`, by CLOCK_MONOTONIC, read before the
 * request that shows the picture is written. Pictures are in shared memory, as those of any program that is drawn by the processor: wl_shm, MIT-SHM. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 1024, HZ = 60 };

/* Two pictures in shared memory, so that one can be drawn while the other is read. */
static uint32_t *pixels[2], texture[SIDE][SIDE];
static int wire, width = 1280, height = 720, x11, busy[2], shown, ready;

static void die(const char *why) {
    fprintf(stderr, "flip: %s\n", why);
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static uint32_t chance(void) {
    static uint32_t state = 0x9e3779b9;
    state ^= state << 13, state ^= state >> 17;
    return state ^= state << 5;
}

/* Something between a drawing and a photograph: large shapes with sharp edges, shaded softly, and some grain. It repeats at its edges. */
static void paint_texture(void) {
    static int heights[2][32][32];
    for (int at = 0; at < 2 * 32 * 32; at++) (&heights[0][0][0])[at] = chance() & 255;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            int level[2];
            for (int octave = 0; octave < 2; octave++) {
                int cell = octave ? 32 : 64, mask = SIDE / cell - 1, i = x / cell, j = y / cell, u = x % cell, v = y % cell;
                int (*h)[32] = heights[octave];
                int top = h[j][i] * (cell - u) + h[j][(i + 1) & mask] * u;
                int bottom = h[(j + 1) & mask][i] * (cell - u) + h[(j + 1) & mask][(i + 1) & mask] * u;
                level[octave] = (top * (cell - v) + bottom * v) / (cell * cell);
            }
            int step = (level[0] & 0xc0) + level[1] / 8 + (chance() & 3);
            texture[y][x] = (uint32_t)step << 16 | (uint32_t)(255 - step) << 8 | (uint32_t)(step / 2 + 60);
        }
    }
}

/* Copies a rectangle out of the texture, which has no end. */
static void paint(uint32_t *on, int left, int top, int w, int h, uint32_t from_x, uint32_t from_y) {
    for (int y = top; y < top + h; y++) {
        const uint32_t *row = texture[(from_y + y) % SIDE];
        for (int x = 0; x < w;) {
            int at = (from_x + x) % SIDE, run = SIDE - at < w - x ? SIDE - at : w - x;
            memcpy(on + y * width + left + x, row + at, run * 4);
            x += run;
        }
    }
}

static void connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    wire = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(wire, (struct sockaddr *)&address, sizeof address) < 0) die("there is no such screen");
}

static void send_fd(const void *bytes, uint32_t length, int fd) {
    char space[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {(void *)bytes, length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        header.msg_control = space, header.msg_controllen = sizeof space;
        struct cmsghdr *control = CMSG_FIRSTHDR(&header);
        *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(control), &fd, sizeof fd);
    }
    if (sendmsg(wire, &header, MSG_NOSIGNAL) != (ssize_t)length) die("the screen is gone");
}

/* Room for both, in a file that can be handed over. */
static int share(void) {
    int fd = memfd_create("pixels", MFD_CLOEXEC), size = width * height * 4;
    if (ftruncate(fd, size * 2) < 0) die("no shared memory");
    pixels[0] = mmap(NULL, size * 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pixels[0] == MAP_FAILED) die("no shared memory");
    pixels[1] = pixels[0] + width * height;
    return fd;
}

static void take(void *into, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t got = read(wire, (char *)into + at, length - at);
        if (got <= 0) exit(0);
        at += got;
    }
}

/* X11: https://www.x.org/releases/current/doc/xproto/x11protocol.html, and its MIT-SHM. */

enum { WINDOW, CONTEXT, SEGMENT };
static uint32_t ids, root, visual, shm_opcode, shm_event;

/* The cookie of whoever started the server, where there is one: a list of {family, address, display, name, data}, big-endian lengths. */
static size_t cookie(uint8_t *data, size_t most) {
    const char *path = getenv("XAUTHORITY"), *home = getenv("HOME");
    char own[4096];
    snprintf(own, sizeof own, "%s/.Xauthority", home ? home : "");
    FILE *file = fopen(path ? path : own, "rb");
    const char *number = strchr(getenv("DISPLAY"), ':') + 1;
    size_t found = 0;
    while (file && !found && fgetc(file) != EOF && fgetc(file) != EOF) {
        char field[4][256];
        size_t length[4];
        for (int at = 0; at < 4; at++) {
            length[at] = fgetc(file) << 8, length[at] |= fgetc(file);
            if (length[at] >= sizeof field[at] || fread(field[at], 1, length[at], file) != length[at]) return fclose(file), 0;
            field[at][length[at]] = 0;
        }
        int ours = !length[1] || atoi(field[1]) == atoi(number);
        if (ours && !strcmp(field[2], "MIT-MAGIC-COOKIE-1") && length[3] <= most) memcpy(data, field[3], found = length[3]);
    }
    if (file) fclose(file);
    return found;
}

static void x11_event(void) {
    uint32_t event[8];
    take(event, sizeof event);
    int kind = event[0] & 0x7f;
    if (kind == 0) die("the X server refuses something");
    if (kind == 12) ready = 1;
    if (shm_event && kind == (int)shm_event) busy[event[4] >= (uint32_t)(width * height * 4)] = 0;
}

static void x11_connect(void) {
    char path[108], *display = getenv("DISPLAY");
    if (!display || !strchr(display, ':')) die("DISPLAY names no screen");
    snprintf(path, sizeof path, "/tmp/.X11-unix/X%d", atoi(strchr(display, ':') + 1));
    connect_to(path);
    static uint8_t hello[64] = {'l', 0, 11}, body[1 << 16];
    size_t secret = cookie(hello + 32, 32);
    if (secret) hello[6] = 18, hello[8] = secret, memcpy(hello + 12, "MIT-MAGIC-COOKIE-1", 18);
    send_fd(hello, secret ? 32 + (secret + 3) / 4 * 4 : 12, -1);
    uint16_t head[4], vendor;
    take(head, sizeof head);
    if (head[3] * 4u > sizeof body) die("the X server says too much");
    take(body, head[3] * 4u);
    if ((head[0] & 255) != 1) die("the X server refuses the connection");
    memcpy(&ids, body + 4, 4), memcpy(&vendor, body + 16, 2);
    uint8_t *screen = body + 32 + (vendor + 3) / 4 * 4 + body[21] * 8;
    memcpy(&root, screen, 4), memcpy(&visual, screen + 32, 4);
    if (screen[38] != 24) die("the screen is not 24 bits deep");
}

/* The first byte of an extension's requests and of its first event. */
static void x11_extension(const char *name, uint32_t *opcode, uint32_t *event) {
    uint32_t ask[4] = {98, strlen(name)}, answer[8], words = (ask[1] + 3) / 4;
    ask[0] |= (2 + words) << 16;
    memcpy(ask + 2, name, ask[1]);
    send_fd(ask, 8 + words * 4, -1);
    take(answer, sizeof answer);
    if (!(answer[2] & 255)) die("the X server lacks an extension");
    *opcode = answer[2] >> 8 & 255, *event = answer[2] >> 16 & 255;
}

static void x11_open(void) {
    x11_connect();
    x11_extension("MIT-SHM", &shm_opcode, &shm_event);
    uint32_t size = width | height << 16;
    uint32_t window[] = {1 | 24 << 8 | 10 << 16, ids + WINDOW, root, 0, size, 1 << 16, visual, 1 << 1 | 1 << 11, 0, 1 << 15};
    uint32_t title[] = {18 | 7 << 16, ids + WINDOW, 39, 31, 8, 4, 0};
    uint32_t context[] = {55 | 4 << 16, ids + CONTEXT, ids + WINDOW, 0};
    uint32_t attach[] = {shm_opcode | 6 << 8 | 3 << 16, ids + SEGMENT, 0}, map[] = {8 | 2 << 16, ids + WINDOW};
    memcpy(title + 6, "flip", 4);
    send_fd(window, sizeof window, -1), send_fd(title, sizeof title, -1), send_fd(context, sizeof context, -1);
    send_fd(attach, sizeof attach, share()), send_fd(map, sizeof map, -1);
    while (!ready) x11_event();
}

/* What is drawn without a pause is a picture: some programs draw theirs in pieces. */
static void watch(void) {
    uint32_t opcode, damaged, event[8];
    x11_connect();
    x11_extension("DAMAGE", &opcode, &damaged);
    uint32_t version[] = {opcode | 3 << 16, 1, 1}, create[] = {opcode | 1 << 8 | 4 << 16, ids, root, 0};
    send_fd(version, sizeof version, -1);
    take(event, sizeof event);
    send_fd(create, sizeof create, -1);
    uint64_t last = 0, said = 0;
    for (uint32_t count = 0;;) {
        take(event, sizeof event);
        if ((event[0] & 0x7f) == 0) die("the X server refuses something");
        if ((event[0] & 0x7f) != damaged) continue;
        uint64_t time = now();
        count += time - last > 3000000;
        last = time;
        if (time - said > 200000000) printf("watch %u %llu\n", count, (unsigned long long)(said = time));
    }
}

static void x11_show(int which, int left, int top, int w, int h) {
    uint32_t put[] = {shm_opcode | 3 << 8 | 10 << 16, ids + WINDOW, ids + CONTEXT, width | height << 16, left | top << 16,
                      w | h << 16, left | top << 16, 24 | 2 << 8 | 1 << 16, ids + SEGMENT, which * width * height * 4};
    send_fd(put, sizeof put, -1);
}

/* Wayland: https://wayland.app lists the interfaces, requests and events by the numbers used here. */

enum { DISPLAY = 1, REGISTRY, COMPOSITOR, SHM, BASE, SURFACE, SHELL, TOPLEVEL, POOL, BUFFER, FRAME = BUFFER + 2 };
static int asked;
/* The numbers that the compositor has given what is wanted of it, in the order of the objects above. */
static const char *const wanted[] = {"wl_compositor", "wl_shm", "xdg_wm_base"};
static uint32_t names[3];

static void request_fd(uint32_t object, uint32_t opcode, const void *body, uint32_t length, int fd) {
    uint32_t message[64] = {object, (8 + length) << 16 | opcode};
    memcpy(message + 2, body, length);
    send_fd(message, 8 + length, fd);
}

#define REQUEST(object, opcode, ...)                              \
    do {                                                          \
        uint32_t words_[] = {__VA_ARGS__};                        \
        request_fd(object, opcode, words_, sizeof words_, -1);    \
    } while (0)

static void bind_to(int which, uint32_t version) {
    uint32_t body[24] = {names[which], strlen(wanted[which]) + 1}, words = (body[1] + 3) / 4;
    memcpy(body + 2, wanted[which], body[1]);
    body[2 + words] = version, body[3 + words] = COMPOSITOR + which;
    request_fd(REGISTRY, 0, body, (4 + words) * 4, -1);
}

static void wayland_event(void) {
    static uint32_t head[2], body[1 << 14];
    take(head, sizeof head);
    uint32_t object = head[0], opcode = head[1] & 0xffff;
    take(body, (head[1] >> 16) - 8);
    if (object == DISPLAY && opcode == 0) die((const char *)(body + 3));
    for (int at = 0; object == REGISTRY && opcode == 0 && at < 3; at++)
        if (!strcmp((const char *)(body + 2), wanted[at])) names[at] = body[0];
    if (object == BASE && opcode == 0) REQUEST(BASE, 3, body[0]);
    if (object == TOPLEVEL && opcode == 0 && !ready && body[0]) width = body[0], height = body[1];
    if (object == TOPLEVEL && opcode == 1) exit(0);
    if (object == SHELL && opcode == 0) {
        REQUEST(SHELL, 4, body[0]);
        ready = 1;
    }
    if ((object == BUFFER || object == BUFFER + 1) && opcode == 0) busy[object - BUFFER] = 0;
    if (object == FRAME && opcode == 0) asked = 0;
}

static void wayland_open(void) {
    char path[108], *folder = getenv("XDG_RUNTIME_DIR"), *name = getenv("WAYLAND_DISPLAY");
    if (!folder || !name) die("WAYLAND_DISPLAY names no screen");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    connect_to(path);
    REQUEST(DISPLAY, 1, REGISTRY);
    while (!(names[0] && names[1] && names[2])) wayland_event();
    bind_to(0, 4), bind_to(1, 1), bind_to(2, 1);
    REQUEST(COMPOSITOR, 0, SURFACE);
    REQUEST(BASE, 2, SHELL, SURFACE);
    REQUEST(SHELL, 1, TOPLEVEL);
    REQUEST(SURFACE, 6);
    while (!ready) wayland_event();
    int fd = share(), size = width * height * 4;
    uint32_t pool[] = {POOL, size * 2};
    request_fd(SHM, 0, pool, sizeof pool, fd);
    for (int which = 0; which < 2; which++) REQUEST(POOL, 0, BUFFER + which, size * which, width, height, width * 4, 1);
}

static void wayland_show(int which, int left, int top, int w, int h) {
    uint32_t all[] = {SURFACE, 20 << 16 | 1, BUFFER + which, 0, 0,     SURFACE, 24 << 16 | 9, left, top, w, h,
                      SURFACE, 12 << 16 | 3, FRAME,          SURFACE, 8 << 16 | 6};
    /* One message at a time may ask for the next frame. */
    if (asked) all[11] = SURFACE, all[12] = 8 << 16 | 6;
    send_fd(all, asked ? 52 : sizeof all, -1);
    asked = 1;
}

static void event(void) {
    x11 ? x11_event() : wayland_event();
}

/* Reads what comes until then. */
static void until(uint64_t moment) {
    for (uint64_t time; (time = now()) < moment;) {
        struct pollfd poll = {wire, POLLIN, 0};
        struct timespec left = {(moment - time) / 1000000000, (moment - time) % 1000000000};
        if (ppoll(&poll, 1, &left, NULL) > 0) event();
    }
}

/* Shows a rectangle of the other picture, and says so. Returns when that was. */
static uint64_t show(int left, int top, int w, int h) {
    uint64_t time = now();
    busy[shown] = 1;
    (x11 ? x11_show : wayland_show)(shown, left, top, w, h);
    shown = !shown;
    return time;
}

static void flip(int whole) {
    int left = whole ? 0 : width / 4, top = whole ? 0 : height / 4, w = width - 2 * left, h = height - 2 * top;
    for (uint32_t number = 0;; number++) {
        uint64_t moment = now() + 300000000 + chance() % 80000000;
        while (busy[shown]) event();
        paint(pixels[shown], left, top, w, h, chance(), chance());
        until(moment);
        printf("flip %u %llu\n", number, (unsigned long long)show(left, top, w, h));
    }
}

static void move(void) {
    uint64_t moment = now();
    for (uint32_t number = 1;; number++) {
        while (busy[shown]) event();
        paint(pixels[shown], 0, 0, width, height, number * 4, number * 2);
        /* A compositor says when it wants the next one. X11 does not, so that there it is the clock that says so. */
        if (x11) until(moment += 1000000000 / HZ);
        while (!x11 && asked) event();
        uint64_t time = show(0, 0, width, height);
        if (number % HZ == 0) printf("move %u %llu\n", number, (unsigned long long)time);
        if (time > moment + 1000000000) moment = time;
    }
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int at = 2; at < count; at++) {
        if (!strcmp(words[at], "x11")) x11 = 1;
        else if (sscanf(words[at], "%dx%d", &width, &height) != 2) die("a size is written as 1280x720");
    }
    if (width < 16 || height < 16 || width > 4096 || height > 4096) die("that is no size of a window");
    if (count > 1 && !strcmp(words[1], "watch")) watch();
    paint_texture();
    (x11 ? x11_open : wayland_open)();
    for (int which = 0; which < 2; which++) paint(pixels[which], 0, 0, width, height, 0, 0);
    show(0, 0, width, height);
    show(0, 0, width, height);
    if (count > 1 && !strcmp(words[1], "part")) flip(0);
    if (count > 1 && !strcmp(words[1], "whole")) flip(1);
    if (count > 1 && !strcmp(words[1], "move")) move();
    die("say part, whole, move or watch");
}
