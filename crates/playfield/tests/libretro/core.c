/*
 * A libretro core for tests. Its content is a text of words `name=value` that say what it does, so that each test writes the
 * core it needs. It shows what it sees: every picture is a row of pixels that stand for what it read.
 *
 * The declarations are those of libretro.h that it needs, by number.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct game_info { const char *path; const void *data; size_t size; const char *meta; };
struct system_info { const char *name, *version, *extensions; bool need_fullpath, block_extract; };
struct geometry { unsigned base_width, base_height, max_width, max_height; float aspect; };
struct av_info { struct geometry geometry; double fps, sample_rate; };
struct variable { const char *key, *value; };
struct option_value { const char *value, *label; };
struct option_v1 { const char *key, *desc, *info; struct option_value values[128]; const char *value; };
struct option_v2 {
    const char *key, *desc, *desc_short, *info, *info_short, *group;
    struct option_value values[128];
    const char *value;
};
struct group { const char *key, *desc, *info; };
struct options_v2 { struct group *groups; struct option_v2 *options; };
struct display { const char *key; bool visible; };
struct kind { const char *desc; unsigned id; };
struct port { const struct kind *kinds; unsigned count; };
struct message { const char *text; unsigned frames; };
struct frame_time { void (*callback)(int64_t); int64_t reference; };
struct keyboard { void (*callback)(bool, unsigned, uint32_t, uint16_t); };
struct vfs_info { uint32_t version; void **functions; };
struct disk {
    bool (*eject)(bool);
    bool (*ejected)(void);
    unsigned (*index)(void);
    bool (*set_index)(unsigned);
    unsigned (*count)(void);
    bool (*replace)(unsigned, const struct game_info *);
    bool (*add)(void);
    bool (*initial)(unsigned, const char *);
    bool (*path)(unsigned, char *, size_t);
    bool (*label)(unsigned, char *, size_t);
};

typedef bool (*environment_t)(unsigned, void *);
typedef void (*video_t)(const void *, unsigned, unsigned, size_t);
typedef void (*sample_t)(int16_t, int16_t);
typedef size_t (*batch_t)(const int16_t *, size_t);
typedef int16_t (*state_t)(unsigned, unsigned, unsigned, unsigned);
typedef void (*log_t)(unsigned, const char *, ...);

static environment_t environment;
static video_t video;
static sample_t sample;
static batch_t batch;
static void (*poll)(void);
static state_t state;
static log_t say;
static bool (*rumble)(unsigned, unsigned, uint16_t);

static char script[4096];
static unsigned tick;
static int64_t frame_usec;
static unsigned typed;
/* Keys that are down, as far as it was told; part of its state. */
static unsigned char down_keys[512];
static unsigned disk_in;
static bool disk_out;
static unsigned plugged[4] = { 1, 1, 1, 1 };
static uint8_t sram[32];
static uint32_t picture[64 * 64];

/* The number after `name=`, or `otherwise`. */
static long word(const char *name, long otherwise)
{
    size_t len = strlen(name);
    for (const char *at = script; (at = strstr(at, name)) != NULL; at += len)
        if ((at == script || at[-1] <= ' ') && at[len] == '=')
            return strtol(at + len + 1, NULL, 0);
    return otherwise;
}

static bool now(const char *name)
{
    return word(name, -1) == (long)tick;
}

static struct av_info av(void)
{
    bool grown = word("grow", -1) >= 0 && (long)tick >= word("grow", 0);
    bool faster = word("faster", -1) >= 0 && (long)tick >= word("faster", 0);
    struct av_info info = { { 16, 8, 64, 64, 0 }, 60, 48000 };

    if (grown)
        info.geometry.base_width = 32;
    info.geometry.aspect = (float)word("aspect", 0) / 100;
    info.fps = faster ? 120 : (double)word("fps", 6000) / 100;
    info.sample_rate = (double)word("rate", 48000);
    return info;
}

/* Options */

static struct option_v2 v2[] = {
    { "test_colour", "Look > Colour", "Colour", "Long", "What colour", "look",
      { { "red", "Red" }, { "green", "Green" }, { NULL, NULL } }, "red" },
    { "test_size", "Size", NULL, NULL, NULL, NULL, { { "1", NULL }, { "2", NULL }, { NULL, NULL } }, "2" },
    { NULL }
};
static struct option_v1 v1[] = {
    { "test_colour", "Colour", "What colour", { { "red", "Red" }, { "green", "Green" }, { NULL, NULL } }, "red" },
    { NULL }
};
static struct variable v0[] = { { "test_colour", "Colour; red|green" }, { NULL, NULL } };

static void declare(void)
{
    static struct group groups[] = { { "look", "Look", "How it looks" }, { NULL } };
    struct options_v2 options = { groups, v2 };
    struct option_v1 *intl[2] = { v1, NULL };
    struct display hidden = { "test_size", false };
    unsigned version = 0;

    environment(52, &version);
    switch (word("options", 2)) {
    case 0: environment(16, v0); break;
    case 1: environment(53, v1); break;
    case 3: environment(54, intl); break;
    default:
        environment(67, &options);
        if (word("hide", 0))
            environment(55, &hidden);
    }
}

static bool green(void)
{
    struct variable variable = { "test_colour", NULL };
    return environment(15, &variable) && variable.value && strcmp(variable.value, "green") == 0;
}

/* Callbacks */

static void on_time(int64_t usec) { frame_usec = usec; }
static void on_key(bool down, unsigned code, uint32_t character, uint16_t modifiers)
{
    if (code < sizeof down_keys)
        down_keys[code] = down;
    if (down && code < 256)
        typed = code | (unsigned)(character & 0xff) << 12 | (unsigned)modifiers << 20;
}
static bool eject(bool out) { disk_out = out; return true; }
static bool ejected(void) { return disk_out; }
static unsigned disk_index(void) { return disk_in; }
static bool set_disk(unsigned n) { if (!disk_out || n > 1) return false; disk_in = n; return true; }
static unsigned disk_count(void) { return 2; }
static bool disk_label(unsigned n, char *into, size_t len) { snprintf(into, len, n ? "Side B" : "Side A"); return true; }

static void offer(void)
{
    static const struct kind first[] = { { "Pad", 1 }, { "Light gun", 4 | 1 << 8 }, { NULL, 0 } };
    static const struct port ports[] = { { first, 2 }, { first, 2 }, { NULL, 0 } };
    struct frame_time time = { on_time, 16667 };
    struct keyboard keyboard = { on_key };
    struct disk disk = { eject, ejected, disk_index, set_disk, disk_count, NULL, NULL, NULL, NULL, disk_label };

    environment(21, &time);
    environment(12, &keyboard);
    environment(35, (void *)ports);
    if (word("disks", 0))
        environment(word("disks", 0) == 1 ? 13 : 58, &disk);
}

/* Files through the VFS interface: writes, reads back, lists. */
static unsigned files(void)
{
    struct vfs_info info = { 3, NULL };
    const char *folder = NULL;
    char path[512], back[8] = "";

    if (!environment(45 | 0x10000, &info) || !environment(31, &folder))
        return 1;
    void **f = info.functions;
    void *(*open)(const char *, unsigned, unsigned) = f[1];
    int (*close)(void *) = f[2];
    int64_t (*seek)(void *, int64_t, int) = f[5];
    int64_t (*read)(void *, void *, uint64_t) = f[6];
    int64_t (*write)(void *, const void *, uint64_t) = f[7];
    int (*rename_)(const char *, const char *) = f[10];
    int (*stat_)(const char *, int32_t *) = f[12];
    int (*mkdir_)(const char *) = f[13];
    void *(*opendir_)(const char *, bool) = f[14];
    bool (*readdir_)(void *) = f[15];
    const char *(*name)(void *) = f[16];
    int (*closedir_)(void *) = f[18];

    snprintf(path, sizeof path, "%s/kept.txt", folder);
    void *file = open(path, 3, 0);
    if (!file || write(file, "written", 7) != 7 || seek(file, -4, 2) != 3 || read(file, back, 8) != 4 || close(file))
        return 2;
    if (strcmp(back, "tten") != 0)
        return 3;
    char moved[512];
    int32_t size = 0;
    snprintf(moved, sizeof moved, "%s/moved.txt", folder);
    if (rename_(path, moved) || stat_(moved, &size) != 1 || size != 7 || stat_(path, NULL) != 0 || open(path, 1, 0))
        return 4;
    if (mkdir_(folder) != -2)
        return 5;
    void *list = opendir_(folder, false);
    bool found = false;
    while (list && readdir_(list))
        found |= strcmp(name(list), "moved.txt") == 0;
    return !found || closedir_(list) ? 6 : 0;
}

/* The ABI */

#define ABI __attribute__((visibility("default")))

ABI unsigned retro_api_version(void) { return 1; }
ABI void retro_set_environment(environment_t callback) { environment = callback; }
ABI void retro_set_video_refresh(video_t callback) { video = callback; }
ABI void retro_set_audio_sample(sample_t callback) { sample = callback; }
ABI void retro_set_audio_sample_batch(batch_t callback) { batch = callback; }
ABI void retro_set_input_poll(void (*callback)(void)) { poll = callback; }
ABI void retro_set_input_state(state_t callback) { state = callback; }
ABI void retro_init(void) { }
ABI void retro_deinit(void) { }
ABI void retro_reset(void) { }
ABI unsigned retro_get_region(void) { return 0; }
ABI bool retro_load_game_special(unsigned a, const struct game_info *b, size_t c) { (void)a; (void)b; (void)c; return false; }
ABI void retro_cheat_reset(void) { }
ABI void retro_cheat_set(unsigned a, bool b, const char *c) { (void)a; (void)b; (void)c; }
ABI void retro_unload_game(void) { }
ABI void retro_set_controller_port_device(unsigned port, unsigned device) { plugged[port & 3] = device; }
ABI void *retro_get_memory_data(unsigned kind) { return kind == 0 ? sram : NULL; }
ABI size_t retro_get_memory_size(unsigned kind) { return kind == 0 ? sizeof sram : 0; }

ABI void retro_get_system_info(struct system_info *info)
{
    *info = (struct system_info){ "Test core", "1.0", "test|txt", false, false };
}

ABI void retro_get_system_av_info(struct av_info *info) { *info = av(); }

ABI bool retro_load_game(const struct game_info *game)
{
    unsigned format = 0;
    unsigned turn = 0;
    struct { log_t log; } log = { NULL };
    struct { bool (*set)(unsigned, unsigned, uint16_t); } motors = { NULL };
    uint64_t quirks = 0;

    environment(27, &log);
    say = log.log;
    environment(23, &motors);
    rumble = motors.set;
    if (!game || !game->data || game->size >= sizeof script)
        return false;
    memcpy(script, game->data, game->size);
    if (word("refuse", 0)) {
        say(3, "no %s, no %d", "bios", 42);
        return false;
    }
    format = (unsigned)word("format", 1);
    environment(10, &format);
    turn = (unsigned)word("turn", 0);
    if (turn)
        environment(1, &turn);
    quirks = (uint64_t)word("quirks", 0);
    environment(44, &quirks);
    declare();
    offer();
    if (word("stall", 0))
        sleep(60);
    return true;
}

static void put(unsigned x, unsigned value)
{
    picture[x] = value & 0xffffff;
}

static void draw(void)
{
    unsigned width = av().geometry.base_width;
    unsigned format = (unsigned)word("format", 1);

    memset(picture, 0, sizeof picture);
    put(0, green() ? 0x00ff00 : 0xff0000);
    put(1, tick);
    put(2, (unsigned)(uint16_t)state(0, 1, 0, 256));
    put(3, (unsigned)(uint16_t)state(0, 5, 0, 0));
    put(4, (unsigned)(uint16_t)state(1, 1, 0, 8));
    put(5, (unsigned)(uint16_t)state(0, 6, 0, 0));
    put(6, (unsigned)state(0, 3, 0, 'w'));
    put(7, (unsigned)frame_usec);
    put(8, typed);
    put(9, plugged[0]);
    put(10, disk_in);
    put(11, sram[0]);
    put(13, memchr(down_keys, 1, sizeof down_keys) != NULL);
    if (now("files"))
        put(12, files() + 1);
    if (format != 1) {
        uint16_t *narrow = (uint16_t *)picture;
        for (unsigned n = 0; n < width * 8; n++) {
            uint32_t rgb = picture[n];
            unsigned r = rgb >> 19 & 31, g = rgb >> 10 & 63, b = rgb >> 3 & 31;
            narrow[n] = (uint16_t)(format == 2 ? r << 11 | g << 5 | b : r << 10 | (g >> 1) << 5 | b);
        }
    }
    video(picture, width, 8, width * (format == 1 ? 4 : 2));
}

static void sound(void)
{
    int16_t frames[2 * 800];
    long volume = word("volume", 0);
    unsigned count = (unsigned)(av().sample_rate / av().fps);

    for (unsigned n = 0; n < count && n < 800; n++)
        frames[2 * n] = frames[2 * n + 1] = (int16_t)(n / 50 % 2 ? volume : -volume);
    if (word("single", 0))
        for (unsigned n = 0; n < count; n++)
            sample(frames[2 * n], frames[2 * n + 1]);
    else
        batch(frames, count);
}

ABI void retro_run(void)
{
    struct av_info info;
    struct message text = { "Hello, player", 60 };
    bool changed = false;

    tick++;
    poll();
    environment(17, &changed);
    if (now("crash"))
        *(volatile int *)(uintptr_t)(tick & 0) = 1;
    if (now("abort"))
        abort();
    if (now("leave"))
        exit(3);
    while (now("hang"))
        ;
    while (now("eat"))
        memset(malloc(1 << 20), 1, 1 << 20);
    if (now("shutdown"))
        environment(7, NULL);
    if (now("message"))
        environment(6, &text);
    if (now("log"))
        say(1, "line %d of %s", 7, "many");
    if (now("print")) {
        printf("printed\n");
        fflush(stdout);
    }
    if (now("rumble"))
        rumble(1, 0, 0x8000);
    if (now("save"))
        sram[0]++;
    info = av();
    if (now("grow"))
        environment(37, &info.geometry);
    if (now("faster"))
        environment(32, &info);
    if (now("same"))
        video(NULL, 16, 8, 0);
    else
        draw();
    sound();
}

ABI size_t retro_serialize_size(void) { return word("stateless", 0) ? 0 : sizeof tick + sizeof sram + sizeof down_keys; }

ABI bool retro_serialize(void *into, size_t len)
{
    if (len < retro_serialize_size())
        return false;
    memcpy(into, &tick, sizeof tick);
    memcpy((char *)into + sizeof tick, sram, sizeof sram);
    memcpy((char *)into + sizeof tick + sizeof sram, down_keys, sizeof down_keys);
    return true;
}

ABI bool retro_unserialize(const void *from, size_t len)
{
    if (len < retro_serialize_size())
        return false;
    memcpy(&tick, from, sizeof tick);
    memcpy(sram, (const char *)from + sizeof tick, sizeof sram);
    memcpy(down_keys, (const char *)from + sizeof tick + sizeof sram, sizeof down_keys);
    return true;
}
