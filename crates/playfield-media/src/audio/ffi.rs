//! Opus behind its C-shaped interface, wrapped so that nothing unsafe leaves this file.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};
use unsafe_libopus::{self, opus_encoder_ctl};

use super::{OpusConfig, PACKET_FRAMES, PACKET_SAMPLES};

/// Largest packet of one frame (RFC 6716, 3.2.1).
const MAX_PACKET: usize = 1_275;
/// Samples of each channel in the longest packet: 120 ms.
const MAX_FRAMES: usize = SAMPLE_RATE as usize * 120 / 1_000;

/// An encoder's state.
pub(super) struct RawEncoder {
    state: NonNull<unsafe_libopus::OpusEncoder>,
    config: OpusConfig,
    /// Packets are coded as one channel for now.
    mono: bool,
}

// SAFETY: the state is plain memory without ties to a thread; `&mut self` keeps calls apart.
unsafe impl Send for RawEncoder {}

impl RawEncoder {
    pub fn open(config: OpusConfig) -> Result<RawEncoder, i32> {
        let mut code = 0;
        let (rate, channels) = (SAMPLE_RATE as i32, CHANNELS as i32);
        // SAFETY: returns a state or null and a code.
        let state = unsafe {
            unsafe_libopus::opus_encoder_create(
                rate,
                channels,
                unsafe_libopus::OPUS_APPLICATION_RESTRICTED_LOWDELAY,
                &mut code,
            )
        };
        let state = NonNull::new(state).ok_or(code)?;
        let mut this = RawEncoder { state, config, mono: false };
        this.set_mono(false)?;
        this.set(unsafe_libopus::OPUS_SET_COMPLEXITY_REQUEST, i32::from(config.complexity))?;
        this.set(unsafe_libopus::OPUS_SET_VBR_REQUEST, i32::from(!config.constant_bitrate))?;
        this.set(unsafe_libopus::OPUS_SET_SIGNAL_REQUEST, unsafe_libopus::OPUS_SIGNAL_MUSIC)?;
        Ok(this)
    }

    fn set(&mut self, request: i32, value: i32) -> Result<(), i32> {
        // SAFETY: a live state; these requests take one int.
        let code = unsafe { opus_encoder_ctl!(self.state.as_ptr(), request, value) };
        if code == unsafe_libopus::OPUS_OK { Ok(()) } else { Err(code) }
    }

    /// Whether both channels are coded as one from now on, in two thirds of the bits. Decoders follow packet by packet.
    fn set_mono(&mut self, mono: bool) -> Result<(), i32> {
        self.mono = mono;
        let OpusConfig { bitrate_bps, .. } = self.config;
        let bits = if mono { bitrate_bps / 3 * 2 } else { bitrate_bps };
        self.set(unsafe_libopus::OPUS_SET_BITRATE_REQUEST, i32::try_from(bits).unwrap_or(i32::MAX))?;
        let channels = if mono { 1 } else { CHANNELS as i32 };
        self.set(unsafe_libopus::OPUS_SET_FORCE_CHANNELS_REQUEST, channels)
    }

    /// Forgets what was coded before.
    pub fn reset(&mut self) {
        // SAFETY: a live state; this request takes nothing and cannot fail.
        unsafe { opus_encoder_ctl!(self.state.as_ptr(), unsafe_libopus::OPUS_RESET_STATE) };
    }

    /// Appends the packet of 10 ms of sound.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), i32> {
        assert_eq!(samples.len(), PACKET_SAMPLES, "one packet at a time");
        let mono = samples.chunks_exact(CHANNELS).all(|both| both[0] == both[1]);
        if mono != self.mono && !self.config.constant_bitrate {
            self.set_mono(mono)?;
        }
        let start = out.len();
        out.resize(start + MAX_PACKET, 0);
        let (frames, room) = (PACKET_FRAMES as i32, MAX_PACKET as i32);
        // SAFETY: a live state; the samples are as many as said, the room in `out` too.
        let length = unsafe {
            unsafe_libopus::opus_encode(self.state.as_ptr(), samples.as_ptr(), frames, out[start..].as_mut_ptr(), room)
        };
        out.truncate(start + usize::try_from(length).unwrap_or(0));
        if length < 0 { Err(length) } else { Ok(()) }
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        // SAFETY: created by the library, not used after.
        unsafe { unsafe_libopus::opus_encoder_destroy(self.state.as_ptr()) };
    }
}

/// A decoder's state.
pub(super) struct RawDecoder {
    state: NonNull<unsafe_libopus::OpusDecoder>,
    channels: usize,
}

// SAFETY: the state is plain memory without ties to a thread; `&mut self` keeps calls apart.
unsafe impl Send for RawDecoder {}

impl RawDecoder {
    /// One that gives this many channels, 1 or 2, whatever the packets have.
    pub fn open(channels: usize) -> Result<RawDecoder, i32> {
        let mut code = 0;
        // SAFETY: returns a state or null and a code.
        let state = unsafe { unsafe_libopus::opus_decoder_create(SAMPLE_RATE as i32, channels as i32, &mut code) };
        NonNull::new(state).map(|state| RawDecoder { state, channels }).ok_or(code)
    }

    /// Appends the samples of a packet; an empty one stands for 10 ms that were lost.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<(), i32> {
        let start = out.len();
        let frames = if packet.is_empty() { PACKET_FRAMES } else { MAX_FRAMES };
        out.resize(start + frames * self.channels, 0);
        let data = if packet.is_empty() { std::ptr::null() } else { packet.as_ptr() };
        let length = i32::try_from(packet.len()).unwrap_or(i32::MAX);
        // SAFETY: a live state; the packet is as long as said, or null and of length 0; `out` has room for `frames`.
        let got = unsafe {
            unsafe_libopus::opus_decode(self.state.as_ptr(), data, length, out[start..].as_mut_ptr(), frames as i32, 0)
        };
        out.truncate(start + usize::try_from(got).unwrap_or(0) * self.channels);
        if got < 0 { Err(got) } else { Ok(()) }
    }
}

impl Drop for RawDecoder {
    fn drop(&mut self) {
        // SAFETY: created by the library, not used after.
        unsafe { unsafe_libopus::opus_decoder_destroy(self.state.as_ptr()) };
    }
}
