/* A program that does one thing for each key, and says on its standard output what it sees. It speaks Wayland by itself, without a
 * library: https://wayland.app lists the interfaces, requests and events by the numbers used here. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEY_T = 20, KEY_U = 22, KEY_I = 23, KEY_S = 31, KEY_H = 35, KEY_K = 37, KEY_L = 38, KEY_X = 45, KEY_C = 46, KEY_V = 47 };
enum { DISPLAY = 1, REGISTRY };
enum { SIDE = 16 };

static int wire;
static uint32_t next_id = 3, serial, entered;
static uint32_t compositor, shm, seat, base, manager, constraints, relative, shapes;
static uint32_t surface, shell, toplevel, pointer, keyboard, device, cursor, shape, lock, offer, motions;
static int fds[16], fd_count, width, height;

static void receive(void);

static void send_fd(uint32_t object, uint32_t opcode, const void *body, uint32_t length, int fd) {
    uint32_t message[256] = {object, (8 + length) << 16 | opcode};
    char space[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {message, 8 + length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    memcpy(message + 2, body, length);
    if (fd >= 0) {
        header.msg_control = space, header.msg_controllen = sizeof space;
        struct cmsghdr *control = CMSG_FIRSTHDR(&header);
        *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(control), &fd, sizeof fd);
    }
    /* Why nobody listens any more is among what is still to be read. */
    while (sendmsg(wire, &header, MSG_NOSIGNAL) < 0) receive();
}

#define SEND(object, opcode, ...)                                \
    do {                                                         \
        uint32_t words_[] = {__VA_ARGS__};                       \
        send_fd(object, opcode, words_, sizeof words_, -1);      \
    } while (0)

static uint32_t add_text(uint32_t *body, const char *text) {
    uint32_t length = strlen(text) + 1;
    body[0] = length;
    memset(body + 1, 0, (length + 3) / 4 * 4);
    memcpy(body + 1, text, length);
    return 4 + (length + 3) / 4 * 4;
}

static uint32_t bind_to(uint32_t name, const char *interface, uint32_t version) {
    uint32_t body[64] = {name};
    uint32_t length = 4 + add_text(body + 1, interface);
    body[length / 4] = version, body[length / 4 + 1] = next_id;
    send_fd(REGISTRY, 0, body, length + 8, -1);
    return next_id++;
}

/* Fills a surface with a colour. */
static void fill(uint32_t on, int w, int h, uint32_t colour) {
    int fd = memfd_create("pixels", MFD_CLOEXEC), size = w * h * 4;
    if (ftruncate(fd, size) < 0) exit(8);
    uint32_t *pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int at = 0; at < w * h; at++) pixels[at] = colour;
    uint32_t pool = next_id++, buffer = next_id++, body[] = {pool, size};
    send_fd(shm, 0, body, sizeof body, fd);
    SEND(pool, 0, buffer, 0, w, h, w * 4, 0);
    SEND(pool, 1);
    SEND(on, 1, buffer, 0, 0);
    SEND(on, 2, 0, 0, w, h);
    SEND(on, 6);
    munmap(pixels, size), close(fd);
}

static void point_with_image(void) {
    if (!cursor) SEND(compositor, 0, (cursor = next_id++));
    SEND(pointer, 0, entered, cursor, 3, 5);
    fill(cursor, SIDE, SIDE, 0xffff0000);
}

static void paste(void) {
    int ends[2];
    char text[4096];
    size_t length = 0;
    if (!offer || pipe2(ends, O_CLOEXEC) < 0) return (void)puts("probe: nothing to paste");
    uint32_t body[64], bytes = add_text(body, "text/plain;charset=utf-8");
    send_fd(offer, 1, body, bytes, ends[1]);
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text, sizeof text)) > 0;) length += got;
    close(ends[0]);
    text[length < 60 ? length : 60] = 0;
    printf("probe: pasted %zu: %s\n", length, text);
}

static void press(uint32_t key) {
    printf("probe: key %u\n", key);
    if (key == KEY_C) {
        uint32_t source = next_id++, body[64];
        SEND(manager, 0, source);
        send_fd(source, 0, body, add_text(body, "text/plain;charset=utf-8"), -1);
        SEND(device, 1, source, serial);
    }
    if (key == KEY_V) paste();
    if (key == KEY_T) SEND(shape, 1, entered, 9);
    if (key == KEY_H) SEND(pointer, 0, entered, 0, 0, 0);
    if (key == KEY_I) point_with_image();
    if (key == KEY_L) SEND(constraints, 1, (lock = next_id++), surface, pointer, 0, 2);
    if (key == KEY_U && lock) {
        SEND(lock, 0);
        lock = 0;
    }
    if (key == KEY_S) sleep(13);
    if (key == KEY_K) puts("probe: about to crash"), raise(SIGSEGV);
    if (key == KEY_X) puts("probe: I give up"), exit(3);
}

static void found(uint32_t name, const char *interface) {
    if (!strcmp(interface, "wl_compositor")) compositor = bind_to(name, interface, 4);
    if (!strcmp(interface, "wl_shm")) shm = bind_to(name, interface, 1);
    if (!strcmp(interface, "wl_seat")) seat = bind_to(name, interface, 1);
    if (!strcmp(interface, "xdg_wm_base")) base = bind_to(name, interface, 1);
    if (!strcmp(interface, "wl_data_device_manager")) manager = bind_to(name, interface, 1);
    if (!strcmp(interface, "zwp_pointer_constraints_v1")) constraints = bind_to(name, interface, 1);
    if (!strcmp(interface, "zwp_relative_pointer_manager_v1")) relative = bind_to(name, interface, 1);
    if (!strcmp(interface, "wp_cursor_shape_manager_v1")) shapes = bind_to(name, interface, 1);
}

static int take_fd(void) {
    int fd = fd_count ? fds[0] : -1;
    if (fd_count) memmove(fds, fds + 1, --fd_count * sizeof *fds);
    return fd;
}

static void event(uint32_t object, uint32_t opcode, const uint32_t *body) {
    if (object == DISPLAY && opcode == 0) printf("probe: error %s\n", (const char *)(body + 3)), exit(7);
    if (object == REGISTRY && opcode == 0) found(body[0], (const char *)(body + 2));
    if (object == base && opcode == 0) SEND(base, 3, body[0]);
    if (object == toplevel && opcode == 0) width = body[0], height = body[1];
    if (object == shell && opcode == 0) {
        SEND(shell, 4, body[0]);
        if (!width || !height) width = 320, height = 200;
        printf("probe: size %dx%d\n", width, height);
        fill(surface, width, height, 0xff204060);
    }
    if (object == keyboard && opcode == 0) close(take_fd());
    if (object == keyboard && opcode == 3) {
        serial = body[0];
        if (body[3]) press(body[2]);
    }
    if (object == pointer && opcode == 0) entered = body[0];
    if (object == pointer && opcode == 3 && body[3]) puts("probe: button");
    if (object == motions && opcode == 0 && lock) puts("probe: motion");
    if (object == lock && lock && opcode == 0) puts("probe: locked");
    if (object == device && opcode == 5) offer = body[0];
    if (object >= 3 && object < next_id && object != device && opcode == 1 && fd_count) {
        /* A source is asked for what was copied. */
        int fd = take_fd();
        if (write(fd, "copied by the probe", 19) < 0) puts("probe: nobody reads");
        close(fd);
    }
}

static void receive(void) {
    static uint8_t bytes[1 << 16];
    static size_t length;
    char space[CMSG_SPACE(sizeof fds)];
    struct iovec part = {bytes + length, sizeof bytes - length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    ssize_t got = recvmsg(wire, &header, MSG_CMSG_CLOEXEC);
    if (got <= 0) exit(0);
    length += got;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(&header); control; control = CMSG_NXTHDR(&header, control)) {
        int count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds + fd_count, CMSG_DATA(control), count * sizeof(int));
        fd_count += count;
    }
    size_t at = 0;
    while (length - at >= 8) {
        uint32_t head[2];
        memcpy(head, bytes + at, 8);
        size_t size = head[1] >> 16;
        if (length - at < size) break;
        static uint32_t body[1 << 14];
        memcpy(body, bytes + at + 8, size - 8);
        event(head[0], head[1] & 0xffff, body);
        at += size;
    }
    memmove(bytes, bytes + at, length - at);
    length -= at;
}

int main(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", getenv("XDG_RUNTIME_DIR"), getenv("WAYLAND_DISPLAY"));
    wire = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(wire, (struct sockaddr *)&address, sizeof address) < 0) return 6;
    SEND(DISPLAY, 1, REGISTRY);
    while (!(compositor && shm && seat && base && manager && constraints && relative && shapes)) receive();
    SEND(seat, 0, (pointer = next_id++));
    SEND(seat, 1, (keyboard = next_id++));
    SEND(manager, 1, (device = next_id++), seat);
    SEND(relative, 1, (motions = next_id++), pointer);
    SEND(shapes, 1, (shape = next_id++), pointer);
    SEND(compositor, 0, (surface = next_id++));
    SEND(base, 2, (shell = next_id++), surface);
    SEND(shell, 1, (toplevel = next_id++));
    SEND(surface, 6);
    for (;;) receive();
}
