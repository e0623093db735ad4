/* The probe in true colour: the same program with another picture. */
#define PROBE_HD
#include "../probe/main.c"
