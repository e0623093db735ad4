; Start-up and what C cannot do: the interrupt of the blank, and the copy of the sprites from high RAM.
; The folder has this file, so it is a Game Boy title: `cargo xtask titles` looks for it.

        .module gb
        .globl _main
        .globl _blanks
        .globl s__INITIALIZER, l__INITIALIZER, s__INITIALIZED

        .area _HEADER (ABS)

        .org 0x40               ; the blank
        push af
        ld a, (_blanks)
        inc a
        ld (_blanks), a
        pop af
        reti

        .org 0x100
        nop
        jp 0x150
        ; 0x104 to 0x14F is the cartridge's header, which makebin writes.

        .org 0x150
        di
        ld sp, #0xE000
        xor a, a
        ld hl, #0xC000          ; clear all RAM
clear:  ld (hl+), a
        bit 5, h
        jr z, clear
        ld hl, #copier          ; the copier of sprites goes where it may run while they are copied
        ld bc, #0x0A80
move:   ld a, (hl+)
        ldh (c), a
        inc c
        dec b
        jr nz, move
        call init
        call _main
stop:   jr stop

copier: ld a, #0xC0             ; from 0xC000: sprites[] of screen.c
        ldh (0x46), a
        ld a, #0x28
wait:   dec a
        jr nz, wait
        ret

; Areas, in their order.
        .area _HOME
        .area _CODE
        .area _INITIALIZER
        .area _GSINIT
        .area _GSFINAL
        .area _DATA
        .area _INITIALIZED
        .area _BSS
        .area _HEAP

        .area _CODE
; void copy_sprites(void)
_copy_sprites::
        jp 0xFF80

; void wait_blank(void)
_wait_blank::
        ld hl, #_blanks
        ld a, (hl)
again:  halt
        nop
        cp a, (hl)
        jr z, again
        ret

; Variables with a value get it.
init:   ld bc, #l__INITIALIZER
        ld de, #s__INITIALIZED
        ld hl, #s__INITIALIZER
each:   ld a, b
        or a, c
        ret z
        ld a, (hl+)
        ld (de), a
        inc de
        dec bc
        jr each

        .area _DATA
_blanks::
        .ds 1
