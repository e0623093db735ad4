/* A window of X11 that says which keys it sees, answers those who ask whether it is there (_NET_WM_PING), and sleeps after the key S
 * for 12 s. It speaks X11 by itself, without a library: the protocol's encoding is Appendix B of its specification. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEY_S = 31, EVDEV = 8 };
enum { CREATE_WINDOW = 1, MAP_WINDOW = 8, INTERN_ATOM = 16, CHANGE_PROPERTY = 18, SEND_EVENT = 25 };
enum { REPLY = 1, KEY_PRESS = 2, CLIENT_MESSAGE = 33, ATOM = 4 };
/* Masks: a window's background and events are given; keys; what window managers listen to. */
enum { GIVEN = 0x802, KEYS = 1, TO_MANAGERS = 0x180000 };

static int server;

static void get(void *into, size_t length) {
    for (char *at = into; length > 0;) {
        ssize_t got = read(server, at, length);
        if (got <= 0) exit(9);
        at += got, length -= got;
    }
}

static void put(const void *from, size_t length) {
    if (write(server, from, length) != (ssize_t)length) exit(9);
}

#define REQUEST(opcode, detail, ...)                                                          \
    do {                                                                                      \
        uint32_t words_[] = {0, __VA_ARGS__};                                                 \
        words_[0] = (opcode) | (detail) << 8 | (uint32_t)(sizeof words_ / 4) << 16;           \
        put(words_, sizeof words_);                                                           \
    } while (0)

static uint32_t intern(const char *name) {
    uint32_t request[16] = {0}, reply[8], words = 2 + (strlen(name) + 3) / 4;
    request[0] = INTERN_ATOM | words << 16, request[1] = strlen(name);
    memcpy(request + 2, name, strlen(name));
    put(request, words * 4);
    /* Everybody is told of new keys (MappingNotify), before what they have asked for too. */
    do get(reply, sizeof reply);
    while ((reply[0] & 255) != REPLY);
    return reply[2];
}

int main(void) {
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/tmp/.X11-unix/X0"};
    server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&at, sizeof at) < 0) return 2;
    uint16_t hello[6] = {'l', 11}, answer[4];
    put(hello, sizeof hello);
    get(answer, sizeof answer);
    static uint32_t setup[65536];
    get(setup, answer[3] * 4);
    if ((answer[0] & 255) != 1) return 3;
    uint32_t vendor = (setup[4] & 0xffff) + 3, formats = setup[5] >> 8 & 255;
    uint32_t *screen = setup + 8 + vendor / 4 + formats * 2, root = screen[0], white = screen[2], window = setup[1];

    uint32_t protocols = intern("WM_PROTOCOLS"), ping = intern("_NET_WM_PING");
    REQUEST(CREATE_WINDOW, 0, window, root, 0, 320 | 240 << 16, 1 << 16, 0, GIVEN, white, KEYS);
    REQUEST(CHANGE_PROPERTY, 0, window, protocols, ATOM, 32, 1, ping);
    REQUEST(MAP_WINDOW, 0, window);
    puts("window: shown"), fflush(stdout);
    for (;;) {
        uint32_t event[8];
        get(event, sizeof event);
        int kind = event[0] & 127, key = (int)(event[0] >> 8 & 255) - EVDEV;
        if (kind == CLIENT_MESSAGE && event[2] == protocols && event[3] == ping) {
            REQUEST(SEND_EVENT, 0, root, TO_MANAGERS, event[0] & 0xffff, root, event[2], event[3], event[4], event[5], event[6], event[7]);
            puts("window: asked"), fflush(stdout);
        }
        if (kind == KEY_PRESS) {
            printf("window: key %d\n", key), fflush(stdout);
            if (key == KEY_S) sleep(12);
        }
    }
}
