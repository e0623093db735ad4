/*
 * A libretro core for tests that draws with OpenGL. As with `core.c`, its content is a text of words `name=value`; the first row
 * of its picture is a row of pixels that stand for what it found, and below them it draws with a shader. It links nothing: each
 * function comes from the frontend.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct game_info { const char *path; const void *data; size_t size; const char *meta; };
struct system_info { const char *name, *version, *extensions; bool need_fullpath, block_extract; };
struct geometry { unsigned base_width, base_height, max_width, max_height; float aspect; };
struct av_info { struct geometry geometry; double fps, sample_rate; };
struct hw_render {
    unsigned context_type;
    void (*context_reset)(void);
    uintptr_t (*get_current_framebuffer)(void);
    void *(*get_proc_address)(const char *);
    bool depth, stencil, bottom_left_origin;
    unsigned version_major, version_minor;
    bool cache_context;
    void (*context_destroy)(void);
    bool debug_context;
};

typedef bool (*environment_t)(unsigned, void *);
typedef void (*video_t)(const void *, unsigned, unsigned, size_t);
typedef size_t (*batch_t)(const int16_t *, size_t);

static environment_t environment;
static video_t video;
static batch_t batch;
static void (*poll)(void);

static char script[4096];
static struct hw_render hw;
static uint32_t tick;
static unsigned resets, saved_current, shared, preferred, first_framebuffer, kept_state;
static unsigned width = 16, height = 8;

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

/* OpenGL and EGL, as much as is used */

#define FUNCTIONS(F) \
    F(void, ClearColor, (float, float, float, float)) \
    F(void, Clear, (unsigned)) \
    F(void, ClearStencil, (int)) \
    F(void, Enable, (unsigned)) \
    F(void, Disable, (unsigned)) \
    F(void, Scissor, (int, int, int, int)) \
    F(void, Viewport, (int, int, int, int)) \
    F(void, BindFramebuffer, (unsigned, unsigned)) \
    F(void, GetIntegerv, (unsigned, int *)) \
    F(void, PixelStorei, (unsigned, int)) \
    F(void, DepthFunc, (unsigned)) \
    F(void, StencilFunc, (unsigned, int, unsigned)) \
    F(unsigned, GetError, (void)) \
    F(unsigned, CreateShader, (unsigned)) \
    F(void, ShaderSource, (unsigned, int, const char *const *, const int *)) \
    F(void, CompileShader, (unsigned)) \
    F(unsigned, CreateProgram, (void)) \
    F(void, AttachShader, (unsigned, unsigned)) \
    F(void, BindAttribLocation, (unsigned, unsigned, const char *)) \
    F(void, LinkProgram, (unsigned)) \
    F(void, GetProgramiv, (unsigned, unsigned, int *)) \
    F(void, UseProgram, (unsigned)) \
    F(int, GetUniformLocation, (unsigned, const char *)) \
    F(void, Uniform4f, (int, float, float, float, float)) \
    F(void, GenBuffers, (int, unsigned *)) \
    F(void, BindBuffer, (unsigned, unsigned)) \
    F(void, BufferData, (unsigned, ptrdiff_t, const void *, unsigned)) \
    F(void, VertexAttribPointer, (unsigned, int, unsigned, unsigned char, int, const void *)) \
    F(void, EnableVertexAttribArray, (unsigned)) \
    F(void, DrawArrays, (unsigned, int, int))

#define DECLARE(result, name, arguments) static result (*gl##name) arguments;
FUNCTIONS(DECLARE)
static void (*glGenVertexArrays)(int, unsigned *);
static void (*glBindVertexArray)(unsigned);
static void *(*eglGetCurrentContext)(void);
static void *(*eglGetCurrentDisplay)(void);
static unsigned (*eglMakeCurrent)(void *, void *, void *, void *);
static unsigned (*eglDestroyContext)(void *, void *);

static bool is_es(void) { return hw.context_type == 2 || hw.context_type >= 4; }

static unsigned program;
static int colour;

static unsigned shader(unsigned kind, const char *body)
{
    const char *head = is_es() ? "#version 100\nprecision mediump float;\n"
        : hw.context_type == 3 ? "#version 150\n#define attribute in\nout vec4 shown;\n#define gl_FragColor shown\n"
                               : "#version 120\n";
    const char *parts[2] = { head, body };
    /* What comes out of a vertex shader is no colour. */
    if (kind == 0x8b31 && hw.context_type == 3)
        parts[0] = "#version 150\n#define attribute in\n";
    unsigned made = glCreateShader(kind);
    glShaderSource(made, 2, parts, NULL);
    glCompileShader(made);
    return made;
}

static void on_reset(void)
{
    int linked = 0;
    unsigned name = 0;

    resets++;
#define FIND(result, name, arguments) gl##name = (result (*) arguments)hw.get_proc_address("gl" #name);
    FUNCTIONS(FIND)
    eglGetCurrentContext = (void *(*)(void))hw.get_proc_address("eglGetCurrentContext");
    eglGetCurrentDisplay = (void *(*)(void))hw.get_proc_address("eglGetCurrentDisplay");
    eglMakeCurrent = (unsigned (*)(void *, void *, void *, void *))hw.get_proc_address("eglMakeCurrent");
    eglDestroyContext = (unsigned (*)(void *, void *))hw.get_proc_address("eglDestroyContext");
    first_framebuffer = (unsigned)hw.get_current_framebuffer();
    program = glCreateProgram();
    glAttachShader(program, shader(0x8b31, "attribute vec2 at; uniform vec4 colour;\n"
        "void main() { gl_Position = vec4(at, colour.a, 1.0); }"));
    glAttachShader(program, shader(0x8b30, "uniform vec4 colour; void main() { gl_FragColor = vec4(colour.rgb, 1.0); }"));
    glBindAttribLocation(program, 0, "at");
    glLinkProgram(program);
    glGetProgramiv(program, 0x8b82, &linked);
    if (!linked || !first_framebuffer)
        abort();
    colour = glGetUniformLocation(program, "colour");
    if (hw.context_type == 3) {
        glGenVertexArrays = (void (*)(int, unsigned *))hw.get_proc_address("glGenVertexArrays");
        glBindVertexArray = (void (*)(unsigned))hw.get_proc_address("glBindVertexArray");
        glGenVertexArrays(1, &name);
        glBindVertexArray(name);
    }
    glGenBuffers(1, &name);
    glBindBuffer(0x8892, name);
    glVertexAttribPointer(0, 2, 0x1406, 0, 0, NULL);
    glEnableVertexAttribArray(0);
}

/* Tells in a file what it was told, and whether it could still let go of what it made. */
static void on_destroy(void)
{
    const char *folder = NULL;
    char path[512];

    if (!environment(31, &folder))
        return;
    snprintf(path, sizeof path, "%s/destroyed.txt", folder);
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "%s", eglGetCurrentContext() ? "current" : "gone");
        fclose(file);
    }
}

/* Rows are counted from the top of the picture as people see it. */
static int row(unsigned y, unsigned rows)
{
    return (int)(hw.bottom_left_origin ? height - y - rows : y);
}

static void put(unsigned x, unsigned value)
{
    glScissor((int)x, row(0, 1), 1, 1);
    glClearColor((float)(value >> 16 & 255) / 255, (float)(value >> 8 & 255) / 255, (float)(value & 255) / 255, 1);
    glClear(0x4000);
}

/* A rectangle by two triangles, at a depth of -1 (near) to 1 (far). */
static void rectangle(unsigned x, unsigned y, unsigned w, unsigned h, float depth, unsigned rgb)
{
    float left = (float)x * 2 / (float)width - 1, right = (float)(x + w) * 2 / (float)width - 1;
    float low = (float)row(y, h) * 2 / (float)height - 1, high = (float)(row(y, h) + (int)h) * 2 / (float)height - 1;
    float corners[] = { left, low, right, low, left, high, left, high, right, low, right, high };

    glBufferData(0x8892, sizeof corners, corners, 0x88e8);
    glUniform4f(colour, (float)(rgb >> 16 & 255) / 255, (float)(rgb >> 8 & 255) / 255, (float)(rgb & 255) / 255, depth);
    glDrawArrays(4, 0, 6);
}

static void draw(void)
{
    glBindFramebuffer(0x8d40, (unsigned)hw.get_current_framebuffer());
    glViewport(0, 0, (int)width, (int)height);
    glDisable(0x0c11);
    glClearColor(0, 0, 1, 1);
    glClearStencil(1);
    glClear(0x4000 | (hw.depth ? 0x100 : 0) | (hw.stencil ? 0x400 : 0));
    glUseProgram(program);
    /* A bar that moves, in the rows below the first. */
    rectangle(tick % width, 1, 1, 2, 0, 0xff8000);
    if (hw.depth) {
        /* The nearer one is drawn first. */
        glEnable(0x0b71);
        glDepthFunc(0x0201);
        rectangle(0, 4, 4, 2, -0.5f, 0x00ff00);
        rectangle(2, 4, 4, 2, 0.5f, 0xff0000);
        glDisable(0x0b71);
    }
    if (hw.stencil) {
        /* It is 1 everywhere: what is drawn where it is 0 is not seen. */
        glEnable(0x0b90);
        glStencilFunc(0x0202, 0, 0xff);
        rectangle(0, 7, 4, 1, 0, 0xffffff);
        glStencilFunc(0x0202, 1, 0xff);
        rectangle(4, 7, 4, 1, 0, 0xffff00);
        glDisable(0x0b90);
    }
    glEnable(0x0c11);
    put(0, 0xff0000);
    put(1, tick);
    put(2, resets);
    put(3, saved_current);
    put(4, shared << 8 | preferred);
    put(5, hw.get_current_framebuffer() == first_framebuffer);
    put(6, kept_state);
    put(7, glGetError());
    put(8, hw.get_proc_address(NULL) == NULL);
}

/* Leaves what a frontend must neither stumble over nor change. */
static void show(void)
{
    int bound = -1, alignment = 0, length = 0;

    glBindFramebuffer(0x8d40, 0);
    glPixelStorei(0x0d05, 8);
    if (!is_es())
        glPixelStorei(0x0d02, 3);
    video((const void *)(intptr_t)-1, width, height, 0);
    glGetIntegerv(0x8ca6, &bound);
    glGetIntegerv(0x0d05, &alignment);
    if (!is_es())
        glGetIntegerv(0x0d02, &length);
    kept_state = bound == 0 && alignment == 8 && length == (is_es() ? 0 : 3);
}

/* The ABI */

#define ABI __attribute__((visibility("default")))

ABI unsigned retro_api_version(void) { return 1; }
ABI void retro_set_environment(environment_t callback) { environment = callback; }
ABI void retro_set_video_refresh(video_t callback) { video = callback; }
ABI void retro_set_audio_sample(void (*callback)(int16_t, int16_t)) { (void)callback; }
ABI void retro_set_audio_sample_batch(batch_t callback) { batch = callback; }
ABI void retro_set_input_poll(void (*callback)(void)) { poll = callback; }
ABI void retro_set_input_state(int16_t (*callback)(unsigned, unsigned, unsigned, unsigned)) { (void)callback; }
ABI void retro_init(void) { }
ABI void retro_deinit(void) { }
ABI void retro_reset(void) { }
ABI unsigned retro_get_region(void) { return 0; }
ABI bool retro_load_game_special(unsigned a, const struct game_info *b, size_t c) { (void)a; (void)b; (void)c; return false; }
ABI void retro_cheat_reset(void) { }
ABI void retro_cheat_set(unsigned a, bool b, const char *c) { (void)a; (void)b; (void)c; }
ABI void retro_unload_game(void) { }
ABI void retro_set_controller_port_device(unsigned port, unsigned device) { (void)port; (void)device; }
ABI void *retro_get_memory_data(unsigned kind) { (void)kind; return NULL; }
ABI size_t retro_get_memory_size(unsigned kind) { (void)kind; return 0; }

ABI void retro_get_system_info(struct system_info *info)
{
    *info = (struct system_info){ "Drawing core", "1.0", "test", false, false };
}

ABI void retro_get_system_av_info(struct av_info *info)
{
    unsigned most = (unsigned)word("most", 16);
    *info = (struct av_info){ { width, height, most, most, 0 }, 60, 48000 };
}

ABI bool retro_load_game(const struct game_info *game)
{
    unsigned format = 1;

    if (!game || !game->data || game->size >= sizeof script)
        return false;
    memcpy(script, game->data, game->size);
    environment(10, &format);
    shared = environment(44 | 0x10000, NULL);
    environment(56, &preferred);
    hw = (struct hw_render){
        .context_type = (unsigned)word("kind", 2),
        .context_reset = on_reset,
        .depth = word("depth", 0),
        .stencil = word("stencil", 0),
        .bottom_left_origin = word("origin", 1),
        .version_major = (unsigned)word("major", 0),
        .version_minor = (unsigned)word("minor", 0),
        .context_destroy = on_destroy,
    };
    return environment(14, &hw);
}

ABI void retro_run(void)
{
    int16_t silence[2 * 800] = { 0 };

    tick++;
    poll();
    if (now("grow")) {
        struct av_info info = { { 40, 20, 64, (unsigned)word("taller", 64), 0 }, 60, 48000 };
        width = 40;
        height = 20;
        environment(32, &info);
    }
    if (now("same")) {
        video(NULL, width, height, 0);
    } else {
        draw();
        show();
    }
    if (now("unbind"))
        eglMakeCurrent(eglGetCurrentDisplay(), NULL, NULL, NULL);
    if (now("lose")) {
        void *display = eglGetCurrentDisplay(), *context = eglGetCurrentContext();
        eglMakeCurrent(display, NULL, NULL, NULL);
        eglDestroyContext(display, context);
    }
    batch(silence, 800);
}

ABI size_t retro_serialize_size(void) { return sizeof tick; }

ABI bool retro_serialize(void *into, size_t len)
{
    if (len < sizeof tick)
        return false;
    saved_current = eglGetCurrentContext() != NULL;
    memcpy(into, &tick, sizeof tick);
    return true;
}

ABI bool retro_unserialize(const void *from, size_t len)
{
    if (len < sizeof tick)
        return false;
    memcpy(&tick, from, sizeof tick);
    return eglGetCurrentContext() != NULL;
}
