//! Sound of a core, at whatever rate, as stereo at 48 kHz.

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, WindowFunction};

/// Samples of one channel that are converted at once; what is fewer waits for the next tick.
const CHUNK: usize = 64;
/// Length of the filter, in samples: it delays sound by half of that.
const FILTER: usize = 64;
/// Most samples of one channel that may wait, in case a core never stops.
const MOST_WAITING: usize = 96_000;

/// Converts sound.
#[derive(Default)]
pub struct Sound {
    /// From the core's rate; none while they are the same, or while it is silent.
    resampler: Option<Async<f32>>,
    rate: f64,
    /// What the core made: interleaved, from -1 to 1.
    waiting: Vec<f32>,
    converted: Vec<f32>,
    /// Interleaved stereo at 48 kHz, since the last call of [`Sound::convert`].
    pub samples: Vec<i16>,
}

impl Sound {
    /// The rate of what is pushed from now on, in Hz.
    pub fn set_rate(&mut self, rate: f64) {
        if self.rate != rate {
            *self = Sound { rate, ..Sound::default() };
        }
    }

    /// Takes interleaved stereo from the core.
    pub fn push(&mut self, samples: &[i16]) {
        let room = (MOST_WAITING * CHANNELS).saturating_sub(self.waiting.len());
        self.waiting.extend(samples.iter().take(room).map(|sample| f32::from(*sample) / 32_768.0));
    }

    /// Converts what there is into `samples`, as far as it makes whole chunks. Silence stays empty.
    pub fn convert(&mut self) {
        self.samples.clear();
        if self.rate == f64::from(SAMPLE_RATE) {
            self.samples.extend(self.waiting.drain(..).map(to_i16));
        } else if let Err(error) = self.resample() {
            // It is made anew for the next tick.
            tracing::warn!(error, "a core's sound cannot be converted");
            *self = Sound { rate: self.rate, ..Sound::default() };
        }
        if self.samples.iter().all(|sample| *sample == 0) {
            self.samples.clear();
        }
    }

    fn resample(&mut self) -> Result<(), String> {
        let ratio = f64::from(SAMPLE_RATE) / self.rate;
        let resampler = match &mut self.resampler {
            Some(resampler) => resampler,
            none => {
                let filter = SincInterpolationParameters::new(FILTER, WindowFunction::BlackmanHarris2);
                let made = Async::new_sinc(ratio, 1.0, &filter, CHUNK, CHANNELS, FixedAsync::Input);
                none.insert(made.map_err(|error| error.to_string())?)
            }
        };
        let mut taken = 0;
        while (self.waiting.len() - taken) / CHANNELS >= CHUNK {
            let room = resampler.output_frames_next();
            self.converted.resize(room * CHANNELS, 0.0);
            let from = InterleavedSlice::new(&self.waiting[taken..], CHANNELS, CHUNK).map_err(|e| e.to_string())?;
            let mut to = InterleavedSlice::new_mut(&mut self.converted, CHANNELS, room).map_err(|e| e.to_string())?;
            let (_, made) = resampler.process_into_buffer(&from, &mut to, None).map_err(|e| e.to_string())?;
            self.samples.extend(self.converted[..made * CHANNELS].iter().map(|sample| to_i16(*sample)));
            taken += CHUNK * CHANNELS;
        }
        self.waiting.drain(..taken);
        Ok(())
    }
}

fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: f64, seconds: f64) -> Vec<i16> {
        let frames = (rate * seconds) as usize;
        let wave = |n: usize| ((n as f64 / rate * 440.0 * std::f64::consts::TAU).sin() * 16_000.0) as i16;
        (0..frames).flat_map(|n| [wave(n), -wave(n)]).collect()
    }

    /// How often the left channel goes from below zero to above, a second.
    fn pitch(samples: &[i16]) -> f64 {
        // While the filter fills, zero is crossed by rounding.
        let left: Vec<i16> = samples.iter().step_by(2).skip(2_000).copied().collect();
        let pairs = left.windows(2).enumerate().filter(|(_, pair)| pair[0] < 0 && pair[1] >= 0);
        let crossings: Vec<usize> = pairs.map(|(at, _)| at).collect();
        let (first, last) = (crossings[0], crossings[crossings.len() - 1]);
        (crossings.len() - 1) as f64 * f64::from(SAMPLE_RATE) / (last - first) as f64
    }

    #[test]
    fn a_tone_keeps_its_pitch_length_and_level_at_any_rate() {
        for rate in [8_000.0, 22_050.0, 32_040.5, 44_100.0, 48_000.0, 65_536.0] {
            let mut sound = Sound::default();
            sound.set_rate(rate);
            let mut all = Vec::new();
            for part in tone(rate, 1.0).chunks(534 * 2) {
                sound.push(part);
                sound.convert();
                all.extend_from_slice(&sound.samples);
            }
            let frames = all.len() / 2;
            assert!((46_800..=48_100).contains(&frames), "{rate} Hz: {frames} samples");
            assert!((pitch(&all) - 440.0).abs() < 3.0, "{rate} Hz: {}", pitch(&all));
            let level = all[4_000..].iter().copied().max().unwrap();
            assert!((15_500..16_500).contains(&level), "{rate} Hz: {level}");
        }
    }

    #[test]
    fn silence_is_empty_and_too_much_is_left_out() {
        let mut sound = Sound::default();
        sound.set_rate(48_000.0);
        sound.push(&[0; 1600]);
        sound.convert();
        assert!(sound.samples.is_empty());
        for _ in 0..100 {
            sound.push(&[5; 9_600]);
        }
        sound.convert();
        assert_eq!(sound.samples.len(), MOST_WAITING * CHANNELS);
    }
}
