// An edge app for AITRIOS as its own library makes them: the main thread looks at events, a second one at pictures, and a third one
// sends. Nothing in it knows of Playfield, and nothing of it comes from a C library, since the one for threads is not everywhere.
//
// `threads.wasm` beside it is this file, built by
// `clang --target=wasm32 -O2 -pthread -ftls-model=local-exec -matomics -mbulk-memory -ffreestanding -fno-builtin -nostdlib
//  -Wl,--no-entry,--shared-memory,--import-memory,--max-memory=4194304,--strip-all -o threads.wasm threads.c`.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

struct raw_data { u8 *address; u32 size; char *kind; u32 pad; u64 timestamp; };
struct entry { const char *key; const char *value; };

IMPORT("env", "EVP_initialize") int evp_initialize(void);
IMPORT("env", "EVP_setConfigurationCallback")
int evp_on_configuration(int client, void (*to)(const char *, const u8 *, int, void *), void *user);
IMPORT("env", "EVP_sendTelemetry")
int evp_send_telemetry(int client, struct entry *entries, int count, void (*to)(int, void *), void *user);
IMPORT("env", "EVP_processEvent") int evp_process_event(int client, int timeout_ms);
IMPORT("env", "senscord_core_init") int core_init(u64 *core);
IMPORT("env", "senscord_core_open_stream") int open_stream(u64 core, const char *key, u64 *stream);
IMPORT("env", "senscord_stream_start") int stream_start(u64 stream);
IMPORT("env", "senscord_stream_get_frame") int get_frame(u64 stream, u64 *frame, int timeout_ms);
IMPORT("env", "senscord_stream_release_frame") int release_frame(u64 stream, u64 frame);
IMPORT("env", "senscord_frame_get_channel_from_channel_id") int get_channel(u64 frame, u32 id, u64 *channel);
IMPORT("env", "senscord_channel_get_raw_data") int get_raw_data(u64 channel, struct raw_data *raw);
IMPORT("wasi_snapshot_preview1", "fd_write") int fd_write(int fd, const void *pieces, int count, u32 *written);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void proc_exit(int code);
IMPORT("wasi", "thread-spawn") int thread_spawn(void *arg);

// --- locks, as pthread has them: a lock that is taken is waited for in memory -------------------------------------------------

typedef struct { int state; } lock_t;

static void lock(lock_t *lock) {
    while (__atomic_exchange_n(&lock->state, 1, __ATOMIC_ACQUIRE)) __builtin_wasm_memory_atomic_wait32(&lock->state, 1, -1);
}

static void unlock(lock_t *lock) {
    __atomic_store_n(&lock->state, 0, __ATOMIC_RELEASE);
    __builtin_wasm_memory_atomic_notify(&lock->state, 1);
}

// Something to be waited for: a number that only grows.
typedef struct { int number; } signal_t;

static int signal_seen(signal_t *it) { return __atomic_load_n(&it->number, __ATOMIC_ACQUIRE); }
static void signal_wait(signal_t *it, int seen) { __builtin_wasm_memory_atomic_wait32(&it->number, seen, -1); }
static void signal_give(signal_t *it) {
    __atomic_fetch_add(&it->number, 1, __ATOMIC_RELEASE);
    __builtin_wasm_memory_atomic_notify(&it->number, ~0u);
}

// --- memory: first fit, out of what the linker left and what grows -------------------------------------------------------------

struct block { u32 size; struct block *next; };
extern u8 __heap_base;
static lock_t heap;
static struct block *free_blocks;
static u8 *heap_end;

EXPORT("malloc") void *malloc(unsigned long size) {
    u32 whole = (u32)((size + 7) & ~7ul) + 8;
    lock(&heap);
    for (struct block **at = &free_blocks; *at; at = &(*at)->next) {
        if ((*at)->size >= whole) {
            struct block *found = *at;
            *at = found->next;
            unlock(&heap);
            return (u8 *)found + 8;
        }
    }
    if (!heap_end) heap_end = (u8 *)(((unsigned long)&__heap_base + 7) & ~7ul);
    u8 *at = heap_end;
    unsigned long have = __builtin_wasm_memory_size(0) << 16, want = (unsigned long)at + whole;
    if (want > have && __builtin_wasm_memory_grow(0, (want - have + 65535) >> 16) == (unsigned long)-1) {
        unlock(&heap);
        return 0;
    }
    heap_end = at + whole;
    unlock(&heap);
    ((struct block *)at)->size = whole;
    return at + 8;
}

EXPORT("free") void free(void *at) {
    if (!at) return;
    struct block *block = (struct block *)((u8 *)at - 8);
    lock(&heap);
    block->next = free_blocks;
    free_blocks = block;
    unlock(&heap);
}

// --- threads, as wasi-libc starts them: a stack and a thread's own variables first ---------------------------------------------

struct start { void *stack; void *tls; void (*run)(void); };
extern void __wasm_init_tls(void *);
#define STACK 16384

__attribute__((used)) void begin_thread(int number, struct start *start);

__attribute__((naked)) EXPORT("wasi_thread_start") void wasi_thread_start(int number, struct start *start) {
    __asm__(
        "local.get 1\n"
        "i32.load 0\n"
        "global.set __stack_pointer\n"
        "local.get 0\n"
        "local.get 1\n"
        "call begin_thread\n");
}

// Each thread's own: how often it worked.
static _Thread_local u32 worked;

void begin_thread(int number, struct start *start) {
    (void)number;
    __wasm_init_tls(start->tls);
    start->run();
}

static void start_thread(void (*run)(void)) {
    struct start *start = malloc(sizeof *start);
    start->stack = (u8 *)malloc(STACK) + STACK;
    start->tls = malloc(__builtin_wasm_tls_size() + __builtin_wasm_tls_align());
    start->run = run;
    if (thread_spawn(start) < 1) proc_exit(3);
}

// --- the app ---------------------------------------------------------------------------------------------------------------

static int client;
static lock_t state;
static signal_t changed, to_send;
static int running, ending;
static char *waiting;

static u32 length(const char *text) {
    u32 at = 0;
    while (text[at]) at++;
    return at;
}

static void say(const char *line) {
    const void *pieces[2] = {line, (void *)(unsigned long)length(line)};
    u32 written;
    fd_write(1, pieces, 1, &written);
}

static int contains(const u8 *in, int size, const char *what) {
    int most = (int)length(what);
    for (int at = 0; at + most <= size; at++) {
        int same = 0;
        while (same < most && in[at + same] == (u8)what[same]) same++;
        if (same == most) return 1;
    }
    return 0;
}

// On the thread that looks at events.
static void on_configuration(const char *topic, const u8 *value, int size, void *user) {
    (void)topic, (void)user;
    lock(&state);
    running = contains(value, size, "\"process_state\":2");
    unlock(&state);
    say(running ? "running\n" : "idle\n");
    worked++;
    signal_give(&changed);
}

static void on_sent(int reason, void *user) {
    (void)reason;
    free(user);
    if (worked > 1) say("a thread's own variable is another's\n");
}

static char *number(char *to, u32 value) {
    char digits[12];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10), value /= 10; while (value);
    while (count) *to++ = digits[--count];
    return to;
}

static char *put(char *to, const char *text) {
    while (*text) *to++ = *text++;
    return to;
}

// The third thread: sends what the second one made of a picture.
static void send(void) {
    for (;;) {
        int seen = signal_seen(&to_send);
        char *text = __atomic_load_n(&waiting, __ATOMIC_ACQUIRE);
        if (__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) return;
        if (!text) {
            signal_wait(&to_send, seen);
            continue;
        }
        struct entry entry = {"placeholder", text};
        if (evp_send_telemetry(client, &entry, 1, on_sent, text)) free(text);
        __atomic_store_n(&waiting, 0, __ATOMIC_RELEASE);
        signal_give(&changed);
    }
}

static void look(u64 frame) {
    u64 channel;
    struct raw_data raw;
    if (get_channel(frame, 0, &channel) || get_raw_data(channel, &raw)) return say("the frame could not be read\n");
    float *tensor = (float *)raw.address;
    u32 most = (raw.size / 4 - 1) / 6, count = (u32)tensor[6 * most];
    char *text = malloc(8192), *to = text;
    to = put(to, "{\"ModelID\":\"0308000000000100\",\"DeviceID\":\"000000000000000\",\"Image\":false,\"Inferences\":[{\"T\":\"20260102030405678\",\"F\":1,\"O\":[");
    for (u32 nth = 0; nth < count && nth < 16; nth++) {
        static const char *edges[4] = {"top", "left", "bottom", "right"};
        if (nth) *to++ = ',';
        to = number(put(to, "{\"class_id\":"), (u32)tensor[4 * most + nth]);
        to = number(put(to, ",\"score\":0."), (u32)(tensor[5 * most + nth] * 100.0f) % 100);
        to = put(to, ",\"bounding_box\":{");
        for (u32 edge = 0; edge < 4; edge++) {
            to = put(put(put(to, edge ? ",\"" : "\""), edges[edge]), "\":");
            to = number(to, (u32)(tensor[edge * most + nth] * 100.0f));
        }
        to = put(to, "}}");
    }
    to = put(to, "]}]}");
    *to = 0;
    worked++;
    int seen = signal_seen(&changed);
    __atomic_store_n(&waiting, text, __ATOMIC_RELEASE);
    signal_give(&to_send);
    // The next picture is looked at once this one is out.
    while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE)) {
        signal_wait(&changed, seen);
        seen = signal_seen(&changed);
    }
}

// The second thread: waits until it is to run, and looks at pictures.
static void iterate(void) {
    u64 core, stream, frame;
    if (core_init(&core) || open_stream(core, "inference_stream", &stream) || stream_start(stream)) proc_exit(2);
    for (;;) {
        int seen = signal_seen(&changed);
        lock(&state);
        int run = running;
        unlock(&state);
        if (__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) return;
        if (!run) {
            signal_wait(&changed, seen);
        } else if (!get_frame(stream, &frame, 1000)) {
            look(frame);
            release_frame(stream, frame);
        }
    }
}

EXPORT("_start") void start(void) {
    client = evp_initialize();
    evp_on_configuration(client, on_configuration, 0);
    start_thread(iterate);
    start_thread(send);
    say("the threads are at work\n");
    while (evp_process_event(client, 1000) != 1) {
    }
    __atomic_store_n(&ending, 1, __ATOMIC_RELEASE);
    signal_give(&changed);
    signal_give(&to_send);
    say("it ends\n");
    proc_exit(0);
}
