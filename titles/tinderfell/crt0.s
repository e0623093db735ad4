; Start-up, the vertical blank and the pads: what C cannot do, or not in time.

        .export _exit, __STARTUP__ : absolute = 1
        .export _oam, _wait_blank, _read_pads, _sprite
        .exportzp _queue_ready, _frames, _ppu_mask, _sprites_end
        .import _main, _queue, zerobss, copydata
        .import _pads, incsp3
        .importzp sp

PPU_CTRL   = $2000
PPU_MASK   = $2001
PPU_STATUS = $2002
PPU_SCROLL = $2005
PPU_ADDR   = $2006
PPU_DATA   = $2007
OAM_DMA    = $4014
APU_STATUS = $4015
PAD_1      = $4016
APU_FRAME  = $4017

; Blank interrupt on, sprites from the second pattern table.
CTRL       = %10001000

.segment "HEADER"
        .byte "NES", $1A
        .byte 2                 ; 32 KiB of program
        .byte 1                 ; 8 KiB of pictures
        .byte %00000010         ; mapper 0, battery
        .byte 0
        .byte 1                 ; 8 KiB of battery RAM

.segment "ZEROPAGE"
_queue_ready:   .res 1          ; not 0: the queue waits for the next blank
_frames:        .res 1          ; blanks so far
_ppu_mask:      .res 1          ; what is shown
_sprites_end:   .res 1          ; where the next sprite goes in oam[]
pad_bits:       .res 2

.segment "OAM"
_oam:           .res 256

.segment "STARTUP"
reset:  sei
        cld
        ldx #$40
        stx APU_FRAME           ; no interrupts from the sound
        ldx #$FF
        txs
        inx
        stx PPU_CTRL
        stx PPU_MASK
        stx $4010
        stx APU_STATUS
        bit PPU_STATUS
@warm1: bit PPU_STATUS          ; the picture unit needs two frames to be ready
        bpl @warm1
        txa
@clear: sta $0000,x
        sta $0300,x
        sta $0400,x
        sta $0500,x
        sta $0600,x
        sta $0700,x
        inx
        bne @clear
        lda #$F0
@hide:  sta _oam,x
        inx
        bne @hide
@warm2: bit PPU_STATUS
        bpl @warm2
        lda #<$0800
        sta sp
        lda #>$0800
        sta sp+1
        jsr copydata
        lda #$0F
        sta APU_STATUS
        lda #CTRL
        sta PPU_CTRL
        jsr _main
_exit:  jmp _exit

; In the blank: sprites, then whatever the queue has, as address, count and bytes; an address of 0 ends it.
; It only does so when the frame is complete, so a late frame shows the one before, never a torn one.
nmi:    pha
        txa
        pha
        tya
        pha
        lda _queue_ready
        beq @late
        lda #0
        sta $2003
        lda #>_oam
        sta OAM_DMA
        bit PPU_STATUS
        ldx #0
@next:  lda _queue,x
        beq @done
        sta PPU_ADDR
        inx
        lda _queue,x
        sta PPU_ADDR
        inx
        ldy _queue,x
        inx
@byte:  lda _queue,x
        sta PPU_DATA
        inx
        dey
        bne @byte
        beq @next
@done:  sta _queue              ; A is 0: empty
        sta _queue_ready
        sta PPU_SCROLL
        sta PPU_SCROLL
        lda #CTRL
        sta PPU_CTRL
        lda _ppu_mask
        sta PPU_MASK
@late:  inc _frames
        pla
        tay
        pla
        tax
        pla
irq:    rti

.segment "CODE"
; void wait_blank(void): gives the frame away and waits until it is shown.
_wait_blank:
        lda #1
        sta _queue_ready
@wait:  lda _queue_ready
        bne @wait
        rts

; void read_pads(void): both pads into pads[], A in bit 7 to Right in bit 0.
_read_pads:
        lda #1
        sta PAD_1
        sta pad_bits+1          ; the 1 falls out when eight bits are in
        lsr a
        sta PAD_1
@bit:   lda PAD_1
        and #3
        cmp #1
        rol pad_bits
        lda PAD_1+1
        and #3
        cmp #1
        rol pad_bits+1
        bcc @bit
        lda pad_bits
        sta _pads
        lda pad_bits+1
        sta _pads+1
        rts

; void sprite(u8 x, u8 y, u8 tile, u8 attributes): here, for it is called thirty times a frame.
_sprite:
        ldx _sprites_end
        sta _oam+2,x
        ldy #0
        lda (sp),y              ; tile
        sta _oam+1,x
        iny
        lda (sp),y              ; y: shown a line lower
        sec
        sbc #1
        sta _oam,x
        iny
        lda (sp),y              ; x
        sta _oam+3,x
        txa
        clc
        adc #4
        sta _sprites_end
        jmp incsp3

.segment "VECTORS"
        .word nmi, reset, irq
