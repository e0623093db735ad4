/* A program with a gamepad, as old and plain as they come: what it is told and what it reads goes to its output, line by line. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/joystick.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

static void wait_for_line(void) {
    char c;
    while (read(0, &c, 1) == 1 && c != '\n') {
    }
}

static void bits(const char *name, int fd, unsigned long request, size_t size) {
    unsigned char bytes[1024] = {0};
    int len = ioctl(fd, request, bytes);
    printf("%s %d:", name, len);
    for (size_t bit = 0; bit < size * 8; bit++) {
        if (bytes[bit / 8] >> bit % 8 & 1) printf(" %zx", bit);
    }
    puts("");
}

/* What an event device says of itself. */
static int ask(const char *path) {
    struct stat found, opened;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || stat(path, &found) || fstat(fd, &opened)) return printf("%s: %s\n", path, strerror(errno)), 1;
    printf("character device %d, nonblocking %d, close on exec %d\n", S_ISCHR(found.st_mode) != 0,
           (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    int version = 0, effects = 0;
    struct input_id id;
    char text[64];
    printf("version %d ", ioctl(fd, EVIOCGVERSION, &version));
    printf("%x\n", version);
    printf("id %d ", ioctl(fd, EVIOCGID, &id));
    printf("%04x:%04x:%04x:%04x\n", id.bustype, id.vendor, id.product, id.version);
    int len = ioctl(fd, EVIOCGNAME(sizeof text), text);
    printf("name %d %s\n", len, text);
    len = ioctl(fd, EVIOCGPHYS(sizeof text), text);
    printf("phys %d %s\n", len, text);
    printf("uniq %d ", ioctl(fd, EVIOCGUNIQ(sizeof text), text));
    puts(errno == ENOENT ? "none" : "?");
    bits("types", fd, EVIOCGBIT(0, 4), 4);
    bits("keys", fd, EVIOCGBIT(EV_KEY, KEY_MAX / 8 + 1), KEY_MAX / 8 + 1);
    bits("axes", fd, EVIOCGBIT(EV_ABS, ABS_MAX / 8 + 1), ABS_MAX / 8 + 1);
    bits("forces", fd, EVIOCGBIT(EV_FF, FF_MAX / 8 + 1), FF_MAX / 8 + 1);
    bits("properties", fd, EVIOCGPROP(4), 4);
    bits("held", fd, EVIOCGKEY(KEY_MAX / 8 + 1), KEY_MAX / 8 + 1);
    for (int axis = 0; axis <= ABS_HAT0Y; axis++) {
        struct input_absinfo info;
        if (ioctl(fd, EVIOCGABS(axis), &info) == 0 && info.maximum)
            printf("axis %x: %d in %d..%d, %d, %d\n", axis, info.value, info.minimum, info.maximum, info.fuzz, info.flat);
    }
    printf("effects %d ", ioctl(fd, EVIOCGEFFECTS, &effects));
    printf("%d\n", effects);
    printf("a second grab %d", ioctl(fd, EVIOCGRAB, 1));
    int other = open(path, O_RDONLY);
    printf(" %d", ioctl(other, EVIOCGRAB, 1));
    printf(" %d\n", errno == EBUSY);
    struct input_event none;
    printf("read %zd", read(fd, &none, sizeof none));
    printf(" %d\n", errno == EAGAIN);
    return 0;
}

/* Reads to the end. */
static int events(const char *path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) return perror(path), 1;
    say("ready");
    struct input_event events[64];
    ssize_t len;
    while ((len = read(fd, events, sizeof events)) > 0) {
        for (size_t n = 0; n < len / sizeof *events; n++) printf("%x %x %d;", events[n].type, events[n].code, events[n].value);
        say("");
    }
    int version;
    printf("end %zd, then %d", len, ioctl(fd, EVIOCGVERSION, &version));
    printf(" %d\n", errno == ENODEV);
    /* Who writes to a device that is gone must not die of it. */
    memset(events, 0, sizeof events);
    printf("written %d\n", write(fd, events, sizeof *events) > 0);
    return 0;
}

static int joystick(const char *path) {
    int fd = open(path, O_RDONLY), version = 0, len;
    if (fd < 0) return perror(path), 1;
    unsigned char axes = 0, buttons = 0, axis_map[ABS_CNT];
    unsigned short button_map[KEY_MAX - BTN_MISC + 1];
    char name[64];
    ioctl(fd, JSIOCGVERSION, &version);
    ioctl(fd, JSIOCGAXES, &axes);
    ioctl(fd, JSIOCGBUTTONS, &buttons);
    len = ioctl(fd, JSIOCGNAME(sizeof name), name);
    printf("%x %d %d %d %s", version, axes, buttons, len, name);
    printf(" %d %d", ioctl(fd, JSIOCGAXMAP, axis_map), ioctl(fd, JSIOCGBTNMAP, button_map));
    for (int n = 0; n < axes; n++) printf(" %x", axis_map[n]);
    for (int n = 0; n < buttons; n++) printf(" %x", button_map[n]);
    say("");
    struct js_event event;
    while (read(fd, &event, sizeof event) == sizeof event) {
        printf("%x %d %d\n", event.type, event.number, event.value);
        fflush(stdout);
    }
    say("end");
    return 0;
}

/* Sees devices come and go, as programs without udev do. */
static int watch(const char *folder) {
    int watcher = inotify_init1(IN_CLOEXEC);
    if (inotify_add_watch(watcher, folder, IN_CREATE | IN_DELETE) < 0) return perror(folder), 1;
    DIR *open_folder = opendir(folder);
    for (struct dirent *entry; (entry = readdir(open_folder));) {
        if (entry->d_name[0] != '.') printf("there is %s\n", entry->d_name);
    }
    say("ready");
    char buffer[4096] __attribute__((aligned(8)));
    for (ssize_t len; (len = read(watcher, buffer, sizeof buffer)) > 0;) {
        for (char *at = buffer; at < buffer + len;) {
            struct inotify_event *event = (void *)at;
            char path[256];
            struct stat found = {0};
            snprintf(path, sizeof path, "%s/%s", folder, event->name);
            int fd = event->mask & IN_CREATE ? open(path, O_RDONLY | O_NONBLOCK) : -1;
            int there = stat(path, &found) == 0;
            printf("%s %s opens %d there %d major %x\n", event->mask & IN_CREATE ? "new" : "gone", event->name, fd >= 0, there,
                   major(found.st_rdev));
            if (fd >= 0) close(fd);
            at += sizeof *event + event->len;
        }
        fflush(stdout);
    }
    return 0;
}

static int play(int fd, int code, int value) {
    struct input_event event = {.type = EV_FF, .code = code, .value = value};
    return write(fd, &event, sizeof event) == sizeof event;
}

static int rumble(const char *path) {
    int fd = open(path, O_RDWR);
    struct ff_effect effect = {.type = FF_RUMBLE, .id = -1};
    effect.u.rumble.strong_magnitude = 0xc0c0;
    effect.u.rumble.weak_magnitude = 0x4040;
    effect.replay.length = 0;
    int kept = ioctl(fd, EVIOCSFF, &effect);
    printf("kept %d as %d, played %d", kept, effect.id, play(fd, effect.id, 1));
    say("");
    wait_for_line();
    printf("half %d", play(fd, FF_GAIN, 0x8000));
    say("");
    wait_for_line();
    printf("removed %d", ioctl(fd, EVIOCRMFF, (long)effect.id));
    printf(" %d", ioctl(fd, EVIOCRMFF, (long)effect.id));
    say("");
    wait_for_line();
    effect.id = -1;
    ioctl(fd, EVIOCSFF, &effect);
    play(fd, FF_GAIN, 0xffff);
    play(fd, effect.id, 1);
    say("again");
    wait_for_line();
    close(fd);
    say("closed");
    wait_for_line();
    return 0;
}

/* Asks udev, which is not there, as libudev does. */
static int udev(const char *path) {
    (void)path;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 2};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT), one = 1;
    printf("socket %d, bound %d, ", fd >= 0, bind(fd, (struct sockaddr *)&address, sizeof address));
    printf("options %d, ", setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
    printf("nonblocking %d, ", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    printf("heard %zd", recv(fd, &one, sizeof one, 0));
    printf(" %d\n", errno == EAGAIN);
    printf("routes %d\n", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0);
    printf("another %d\n", socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC) >= 0);
    return 0;
}

/* Does not read for a while. */
static int idle(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    say("ready");
    wait_for_line();
    struct input_event event;
    int count = 0, dropped = 0;
    struct pollfd waits = {.fd = fd, .events = POLLIN};
    while (!dropped && poll(&waits, 1, -1) == 1 && read(fd, &event, sizeof event) == sizeof event) {
        count++;
        dropped = event.type == EV_SYN && event.code == SYN_DROPPED;
    }
    printf("dropped %d, a few %d\n", dropped, count < 20000);
    bits("held", fd, EVIOCGKEY(KEY_MAX / 8 + 1), KEY_MAX / 8 + 1);
    read(fd, &event, sizeof event);
    printf("%x %x", event.type, event.code);
    say("");
    wait_for_line();
    while (read(fd, &event, sizeof event) == sizeof event) printf("%x %x %d;", event.type, event.code, event.value);
    say("");
    return 0;
}

static void handler(int number) {
    (void)number;
}

static void *opens(void *path) {
    long failed = 0;
    for (int n = 0; n < 200; n++) {
        int fd = open(path, O_RDONLY | O_NONBLOCK), version;
        if (fd < 0 && errno != EMFILE) failed++;
        if (fd >= 0 && ioctl(fd, EVIOCGVERSION, &version)) failed++;
        close(fd);
    }
    return (void *)failed;
}

/* Lies, and is careless. */
static int hostile(const char *folder) {
    char path[256];
    snprintf(path, sizeof path, "%s/event0", folder);
    int fd = open(path, O_RDWR | O_NONBLOCK);
    void *nowhere = (void *)16;
    printf("open nowhere %d\n", (int)syscall(SYS_openat, AT_FDCWD, nowhere, O_RDONLY));
    printf("open far away %d\n", (int)syscall(SYS_openat, AT_FDCWD, (void *)-4096L, O_RDONLY));
    printf("ask to nowhere %d", ioctl(fd, EVIOCGID, nowhere));
    printf(" %d\n", errno == EFAULT);
    printf("effect from nowhere %d", ioctl(fd, EVIOCSFF, nowhere));
    printf(" %d\n", errno == EFAULT);
    struct ff_effect effect;
    memset(&effect, 0xff, sizeof effect);
    printf("an effect of nothing %d\n", ioctl(fd, EVIOCSFF, &effect));
    printf("ask what is not %d %d\n", ioctl(fd, _IOC(_IOC_READ, 'E', 0xff, 16000), &effect), ioctl(fd, EVIOCGBIT(0x1e, 8), &effect));
    printf("ask another file %d %d\n", ioctl(0, EVIOCGID, &effect), ioctl(-1, EVIOCGID, &effect));
    int count = 0, first = -1, last = -1;
    for (int n = 0; n < 100; n++) {
        int more = open(path, O_RDONLY);
        if (more < 0) continue;
        if (first < 0) first = more;
        last = more;
        count++;
    }
    printf("many %d, errno %d\n", count, errno == EMFILE);
    for (int n = first; n <= last; n++) close(n);
    int copy = dup(fd);
    close(fd);
    struct input_id id;
    printf("a copy %d\n", ioctl(copy, EVIOCGID, &id));
    char garbage[100000];
    memset(garbage, 0x15, sizeof garbage);
    while (write(copy, garbage, sizeof garbage) > 0 && count++ < 100) {
    }
    printf("garbage, then %d\n", ioctl(copy, EVIOCGID, &id));
    chdir(folder);
    fd = open("event0", O_RDONLY);
    printf("relative %d", ioctl(fd, EVIOCGID, &id));
    int base = open("/dev", O_PATH | O_DIRECTORY);
    fd = openat(base, strncmp(folder, "/dev", 4) ? path : "input/../input/event0", O_RDONLY);
    printf(" %d", ioctl(fd, EVIOCGID, &id));
    unsigned long long how[3] = {O_RDONLY, 0, 0};
    fd = (int)syscall(SYS_openat2, AT_FDCWD, path, how, sizeof how);
    printf(" %d\n", ioctl(fd, EVIOCGID, &id));
    printf("not there %d", open("event9", O_RDONLY));
    printf(" %d\n", errno == ENOENT);
    /* Signals do not tear a call apart, if their handler asks for that. */
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerspec often = {{0, 200000}, {0, 200000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    timer_t timer;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &often, NULL);
    pthread_t threads[4];
    long failed = 0;
    for (int n = 0; n < 4; n++) pthread_create(&threads[n], NULL, opens, path);
    for (int n = 0; n < 4; n++) {
        void *result;
        pthread_join(threads[n], &result);
        failed += (long)result;
    }
    timer_delete(timer);
    printf("threads failed %ld\n", failed);
    for (int n = 0; n < 20; n++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(0);
            for (;;) close(open(path, O_RDONLY));
        }
        usleep(1000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    count = 0;
    while (count < 4096 && open("/dev/null", O_RDONLY) >= 0) count++;
    printf("no place %d", open(path, O_RDONLY));
    printf(" %d\n", errno == EMFILE);
    say("done");
    return 0;
}

static double now_us(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int compare(const void *one, const void *two) {
    return (*(double *)one > *(double *)two) - (*(double *)one < *(double *)two);
}

static double costs[20000];

static void tell(const char *name, int count) {
    qsort(costs, count, sizeof *costs, compare);
    printf("%-44s p50 %6.1f us   p99 %6.1f us   (%d)\n", name, costs[count / 2], costs[count * 99 / 100], count);
}

/* What it costs to be asked about. */
static int cost(const char *path) {
    const int count = 5000;
    int fd = open(path, O_RDONLY);
    for (int n = 0; n < count; n++) {
        double began = now_us(CLOCK_MONOTONIC);
        close(open("/dev/null", O_RDONLY | O_DIRECTORY));
        costs[n] = now_us(CLOCK_MONOTONIC) - began;
    }
    tell("an open that is not asked about", count);
    for (int n = 0; n < count; n++) {
        double began = now_us(CLOCK_MONOTONIC);
        close(open("/dev/null", O_RDONLY));
        costs[n] = now_us(CLOCK_MONOTONIC) - began;
    }
    tell("an open of another file", count);
    for (int n = 0; n < count; n++) {
        double began = now_us(CLOCK_MONOTONIC);
        int pad = open(path, O_RDONLY);
        costs[n] = now_us(CLOCK_MONOTONIC) - began;
        close(pad);
        /* Its place is free when the other end saw that. */
        for (struct input_id id; n % 32 == 31 && ioctl(fd, EVIOCGID, &id);) {
        }
    }
    tell("an open of a pad", count);
    for (int n = 0; n < count; n++) {
        struct input_id id;
        double began = now_us(CLOCK_MONOTONIC);
        ioctl(fd, EVIOCGID, &id);
        costs[n] = now_us(CLOCK_MONOTONIC) - began;
    }
    tell("a question to a pad", count);
    return 0;
}

/* How old an event is when it is read; answers each, so that it is never behind. */
static int delay(const char *path) {
    int fd = open(path, O_RDONLY), clock = CLOCK_MONOTONIC, count = 0;
    ioctl(fd, EVIOCSCLOCKID, &clock);
    say("ready");
    struct input_event events[64];
    while (read(fd, events, sizeof events) > 0) {
        costs[count++ % 20000] = now_us(CLOCK_MONOTONIC) - (events->time.tv_sec * 1e6 + events->time.tv_usec);
        say("");
    }
    tell("from set() until the program has it", count < 20000 ? count : 20000);
    return 0;
}

int main(int count, char **argument) {
    struct {
        const char *name;
        int (*run)(const char *);
    } parts[] = {{"ask", ask},   {"events", events},   {"joystick", joystick}, {"watch", watch}, {"rumble", rumble},
                 {"idle", idle}, {"hostile", hostile}, {"udev", udev}, {"cost", cost},         {"delay", delay}};
    for (size_t n = 0; count == 3 && n < sizeof parts / sizeof *parts; n++) {
        if (!strcmp(argument[1], parts[n].name)) return parts[n].run(argument[2]);
    }
    return 2;
}
