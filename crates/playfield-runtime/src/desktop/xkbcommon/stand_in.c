/* libxkbcommon, opened when a program's keyboard needs it, instead of linked: one binary runs on machines that lack it.
 *
 * Each function of the library is a jump through a slot that playfield_xkb_open fills. Nothing may be called before.
 */

#include <dlfcn.h>
#include <stddef.h>

#define EACH(X) \
    X(xkb_keysym_get_name) \
    X(xkb_keysym_from_name) \
    X(xkb_keysym_to_utf8) \
    X(xkb_keysym_to_utf32) \
    X(xkb_utf32_to_keysym) \
    X(xkb_context_new) \
    X(xkb_context_ref) \
    X(xkb_context_unref) \
    X(xkb_context_set_user_data) \
    X(xkb_context_get_user_data) \
    X(xkb_context_include_path_append) \
    X(xkb_context_include_path_append_default) \
    X(xkb_context_include_path_reset_defaults) \
    X(xkb_context_include_path_clear) \
    X(xkb_context_num_include_paths) \
    X(xkb_context_include_path_get) \
    X(xkb_context_set_log_level) \
    X(xkb_context_get_log_level) \
    X(xkb_context_set_log_verbosity) \
    X(xkb_context_get_log_verbosity) \
    X(xkb_context_set_log_fn) \
    X(xkb_keymap_new_from_names) \
    X(xkb_keymap_new_from_file) \
    X(xkb_keymap_new_from_string) \
    X(xkb_keymap_new_from_buffer) \
    X(xkb_keymap_ref) \
    X(xkb_keymap_unref) \
    X(xkb_keymap_get_as_string) \
    X(xkb_keymap_min_keycode) \
    X(xkb_keymap_max_keycode) \
    X(xkb_keymap_key_for_each) \
    X(xkb_keymap_num_mods) \
    X(xkb_keymap_mod_get_name) \
    X(xkb_keymap_mod_get_index) \
    X(xkb_keymap_num_layouts) \
    X(xkb_keymap_layout_get_name) \
    X(xkb_keymap_layout_get_index) \
    X(xkb_keymap_num_leds) \
    X(xkb_keymap_led_get_name) \
    X(xkb_keymap_led_get_index) \
    X(xkb_keymap_num_layouts_for_key) \
    X(xkb_keymap_num_levels_for_key) \
    X(xkb_keymap_key_get_syms_by_level) \
    X(xkb_keymap_key_by_name) \
    X(xkb_keymap_key_get_name) \
    X(xkb_keymap_key_repeats) \
    X(xkb_state_ref) \
    X(xkb_state_unref) \
    X(xkb_state_new) \
    X(xkb_state_get_keymap) \
    X(xkb_state_update_key) \
    X(xkb_state_update_mask) \
    X(xkb_state_key_get_syms) \
    X(xkb_state_key_get_utf8) \
    X(xkb_state_key_get_utf32) \
    X(xkb_state_key_get_one_sym) \
    X(xkb_state_key_get_layout) \
    X(xkb_state_key_get_level) \
    X(xkb_state_serialize_mods) \
    X(xkb_state_serialize_layout) \
    X(xkb_state_mod_name_is_active) \
    X(xkb_state_mod_names_are_active) \
    X(xkb_state_mod_index_is_active) \
    X(xkb_state_mod_index_is_consumed) \
    X(xkb_state_mod_mask_remove_consumed) \
    X(xkb_state_key_get_consumed_mods) \
    X(xkb_state_layout_name_is_active) \
    X(xkb_state_layout_index_is_active) \
    X(xkb_state_led_name_is_active) \
    X(xkb_state_led_index_is_active) \
    X(xkb_compose_table_new_from_locale) \
    X(xkb_compose_table_new_from_file) \
    X(xkb_compose_table_new_from_buffer) \
    X(xkb_compose_table_ref) \
    X(xkb_compose_table_unref) \
    X(xkb_compose_state_new) \
    X(xkb_compose_state_ref) \
    X(xkb_compose_state_unref) \
    X(xkb_compose_state_get_compose_table) \
    X(xkb_compose_state_feed) \
    X(xkb_compose_state_reset) \
    X(xkb_compose_state_get_status) \
    X(xkb_compose_state_get_utf8) \
    X(xkb_compose_state_get_one_sym)

#if defined(__x86_64__)
#define JUMP(name) "jmp *playfield_slot_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) \
    "adrp x16, playfield_slot_" #name "\n" \
    "ldr x16, [x16, :lo12:playfield_slot_" #name "]\n" \
    "br x16\n"
#else
#error "libxkbcommon cannot be opened late on this architecture yet"
#endif

#define SLOT(name) \
    __attribute__((visibility("hidden"))) void *playfield_slot_##name; \
    __asm__(".text\n.balign 16\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name ":\n" JUMP(name));
EACH(SLOT)

/* Fills the slots. Returns nothing, or what is missing. */
const char *playfield_xkb_open(void)
{
    void *library = dlopen("libxkbcommon.so.0", RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        return "libxkbcommon.so.0";
#define FILL(name) \
    playfield_slot_##name = dlsym(library, #name); \
    if (playfield_slot_##name == NULL) \
        return #name;
    EACH(FILL)
    return NULL;
}
