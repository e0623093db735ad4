/* The log function that cores call. It is variadic, which Rust cannot define. */

#include <stdarg.h>
#include <stdio.h>

void playfield_libretro_line(unsigned level, const char *text);

void playfield_libretro_log(unsigned level, const char *format, ...)
{
    char line[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    playfield_libretro_line(level, line);
}
