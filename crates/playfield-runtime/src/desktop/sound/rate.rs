//! Any rate as 48 kHz, and back, a block at a time.

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};

use super::BLOCK;

/// Length of the filter, in samples: it delays sound by half of that. To a lower rate it is longer, up to so many times, so
/// that it cuts off as sharply.
const FILTER: usize = 64;
const LONGER: f64 = 4.0;
/// Filters that are kept ready for times between two samples. Between them, it is a straight line.
const BETWEEN: usize = 128;

/// Converts interleaved stereo.
pub(super) struct Rate {
    inner: Async<f32>,
    delay_us: u64,
}

impl Rate {
    /// Makes blocks of 48 kHz out of `rate`, in Hz. None: it is the same.
    pub fn from(rate: u32) -> Result<Option<Self>, String> {
        Self::new(f64::from(SAMPLE_RATE) / f64::from(rate), rate, FixedAsync::Output)
    }

    /// Makes `rate` out of blocks of 48 kHz. None: it is the same.
    pub fn to(rate: u32) -> Result<Option<Self>, String> {
        Self::new(f64::from(rate) / f64::from(SAMPLE_RATE), rate, FixedAsync::Input)
    }

    fn new(ratio: f64, rate: u32, fixed: FixedAsync) -> Result<Option<Self>, String> {
        if rate == SAMPLE_RATE {
            return Ok(None);
        }
        let length = FILTER * (1.0 / ratio).ceil().clamp(1.0, LONGER) as usize;
        let input = if ratio < 1.0 { rate.max(SAMPLE_RATE) } else { rate.min(SAMPLE_RATE) };
        let filter = SincInterpolationParameters {
            oversampling_factor: BETWEEN,
            interpolation: SincInterpolationType::Linear,
            ..SincInterpolationParameters::new(length, WindowFunction::BlackmanHarris2)
        };
        let inner = Async::new_sinc(ratio, 1.0, &filter, BLOCK, CHANNELS, fixed).map_err(|error| error.to_string())?;
        Ok(Some(Rate { inner, delay_us: (length as u64 / 2) * 1_000_000 / u64::from(input) }))
    }

    /// Frames that the next call of [`Rate::convert`] wants.
    pub fn wanted(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// How much later sound comes out, in microseconds.
    pub fn delay_us(&self) -> u64 {
        self.delay_us
    }

    /// Converts exactly as many frames as are wanted, into `into`, which is cleared.
    pub fn convert(&mut self, from: &[f32], into: &mut Vec<f32>) -> Result<(), String> {
        let (frames, room) = (from.len() / CHANNELS, self.inner.output_frames_next());
        into.clear();
        into.resize(room * CHANNELS, 0.0);
        let from = InterleavedSlice::new(from, CHANNELS, frames).map_err(|error| error.to_string())?;
        let mut to = InterleavedSlice::new_mut(into, CHANNELS, room).map_err(|error| error.to_string())?;
        let (_, made) = self.inner.process_into_buffer(&from, &mut to, None).map_err(|error| error.to_string())?;
        into.truncate(made * CHANNELS);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, from: usize, frames: usize) -> Vec<f32> {
        let wave = |n: usize| (n as f64 / f64::from(rate) * hz * std::f64::consts::TAU).sin() as f32 * 0.5;
        (from..from + frames).flat_map(|n| [wave(n), -wave(n)]).collect()
    }

    /// How much of `hz` is in the left channel, by Goertzel's sum.
    fn level(samples: &[f32], hz: f64, rate: u32) -> f64 {
        let left: Vec<f64> = samples.iter().step_by(2).map(|sample| f64::from(*sample)).collect();
        let step = hz / f64::from(rate) * std::f64::consts::TAU;
        let sum = |of: fn(f64) -> f64| left.iter().enumerate().map(|(n, s)| s * of(n as f64 * step)).sum::<f64>();
        sum(f64::sin).hypot(sum(f64::cos)) * 2.0 / left.len() as f64
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level_from_and_to_any_rate() {
        for rate in [8_000, 11_025, 22_050, 44_100, 88_200, 96_000, 192_000] {
            let (mut taken, mut all, mut part) = (0, Vec::new(), Vec::new());
            let mut from = Rate::from(rate).unwrap().unwrap();
            for _ in 0..200 {
                let wanted = from.wanted();
                from.convert(&tone(1_000.0, rate, taken, wanted), &mut part).unwrap();
                assert_eq!(part.len(), BLOCK * CHANNELS, "{rate}");
                taken += wanted;
                all.extend_from_slice(&part);
            }
            let level_in = level(&all[9_600..], 1_000.0, SAMPLE_RATE);
            assert!((level_in - 0.5).abs() < 0.005, "from {rate}: {level_in}");
            // A second was taken, and half of a filter.
            assert!(taken.abs_diff(rate as usize) <= FILTER * (rate as usize / 48_000 + 2), "from {rate}: {taken}");

            let mut to = Rate::to(rate).unwrap().unwrap();
            all.clear();
            for n in 0..200 {
                to.convert(&tone(1_000.0, SAMPLE_RATE, n * BLOCK, BLOCK), &mut part).unwrap();
                all.extend_from_slice(&part);
            }
            assert!((all.len() / 2).abs_diff(rate as usize) <= FILTER * 4, "to {rate}: {}", all.len() / 2);
            let level_out = level(&all[rate as usize / 5 * 2..], 1_000.0, rate);
            assert!((level_out - 0.5).abs() < 0.005, "to {rate}: {level_out}");
        }
    }

    #[test]
    fn odd_rates_can_be_converted_too() {
        for rate in [1_000, 1_001, 768_000] {
            let mut part = Vec::new();
            let mut from = Rate::from(rate).unwrap().unwrap();
            from.convert(&tone(50.0, rate, 0, from.wanted()), &mut part).unwrap();
            assert_eq!(part.len(), BLOCK * CHANNELS);
        }
        assert!(Rate::from(48_000).unwrap().is_none());
    }
}
