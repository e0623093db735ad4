//! How large and how often the encoded pictures of one viewer are made, where not all of them can be: less when the processor or the
//! path does not keep up, and more again, slowly, when it does.
//!
//! ```text
//!   rung    0      1      2      3      4
//!   size    1      1     3/4    1/2    1/2     of the picture's width and height
//!   rate    1     1/2    1/2    1/2    1/4     of its pictures
//! ```
//!
//! The processor: what coding took of the time, against what it may take. The path: the quantiser, which is coarse where pictures have
//! fewer bits than they want. Both are judged once in a [`WINDOW`], by the pictures of that time. A rung that did not last is tried
//! again later and later (WebRTC's statistics call the reason `qualityLimitationReason`).

use std::time::Duration;

use crate::time::Time;

/// Pictures of so much time are judged together.
const WINDOW: Duration = Duration::from_secs(1);
/// Share of the time that coding may take, in thousandths, before there is less to code.
const BUSY: u64 = 800;
/// What it may take on the next better rung, as far as that can be told, for that rung to be tried.
const IDLE: u64 = 550;
/// A mean quantisation parameter of so much is a blur: fewer pixels show more.
const COARSE: u64 = 42;
/// So fine it must be for more pixels to be tried; where the path was not what limits, it may be coarser.
const FINE: u64 = 30;
const MIDDLING: u64 = 38;
/// The path is not judged before: its estimate begins low.
const GROWS: Duration = Duration::from_secs(4);
/// A better rung is tried after so much time, and a bad experience doubles that up to the most.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_PATIENCE: Duration = Duration::from_secs(80);
/// A rung that did not last so long was a bad experience.
const LASTS: Duration = Duration::from_secs(10);
/// More pixels a second than these are not tried before it is known what coding takes: a 1280x720 picture at 60 a second.
const FIRST: u64 = 1280 * 720 * 60;
/// Pictures are not made smaller than this.
const SMALLEST: u64 = 640 * 360;
/// Pictures that are due within so much are not late.
const EARLY: Duration = Duration::from_millis(4);

/// Part of the picture's width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As it is.
    Full,
    /// Three quarters.
    ThreeQuarters,
    /// Half.
    Half,
}

impl Scale {
    fn quarters(self) -> u64 {
        match self {
            Scale::Full => 4,
            Scale::ThreeQuarters => 3,
            Scale::Half => 2,
        }
    }

    /// The length of a side of so many pixels, even where it is not the picture's own.
    pub fn side(self, pixels: u16) -> u16 {
        match self {
            Scale::Full => pixels,
            _ => ((u64::from(pixels) * self.quarters() / 4) as u16 & !1).max(2),
        }
    }
}

/// Size, and part of the pictures, from best to least.
const RUNGS: [(Scale, u64); 5] =
    [(Scale::Full, 1), (Scale::Full, 2), (Scale::ThreeQuarters, 2), (Scale::Half, 2), (Scale::Half, 4)];

/// What there is not enough of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limitation {
    /// Time on a processor.
    Processor,
    /// Bits a second.
    Path,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    began: Time,
    coded: u64,
    left_out: u64,
    took: Duration,
    qp: u64,
}

/// The machine.
#[derive(Debug)]
pub struct Quality {
    width: u16,
    height: u16,
    hz: u64,
    rung: usize,
    limitation: Option<Limitation>,
    began: Time,
    window: Window,
    /// When the next picture is due, on a rung that leaves some out.
    due: Time,
    /// When the rung was taken, and when the next better one is tried.
    since: Time,
    patience: Duration,
}

impl Quality {
    /// For pictures of that size, at most so many a second.
    pub fn new(now: Time, width: u16, height: u16, hz: u16) -> Quality {
        let mut quality = Quality {
            width,
            height,
            hz: u64::from(hz.max(1)),
            rung: 0,
            limitation: None,
            began: now,
            window: Window { began: now, ..Window::default() },
            due: now,
            since: now,
            patience: PATIENCE,
        };
        if quality.pixels(0) > FIRST {
            (quality.rung, quality.limitation) = (1, Some(Limitation::Processor));
        }
        quality
    }

    /// Pictures have another size: what was known of their cost says nothing now.
    pub fn set_size(&mut self, now: Time, width: u16, height: u16) {
        *self = Quality::new(now, width, height, self.hz as u16);
    }

    /// How large pictures are made.
    pub fn scale(&self) -> Scale {
        RUNGS[self.rung].0
    }

    /// How many are made a second, at most.
    pub fn hz(&self) -> u64 {
        (self.hz / RUNGS[self.rung].1).max(1)
    }

    /// What there is not enough of for all of it.
    pub fn limitation(&self) -> Option<Limitation> {
        self.limitation
    }

    /// When a picture may be made; one that comes before is left out, or waits until then if none follows.
    pub fn due(&self) -> Time {
        self.due
    }

    /// Whether a picture is made now. One that is not counts as left out.
    pub fn admits(&mut self, now: Time) -> bool {
        let admits = RUNGS[self.rung].1 == 1 || now + EARLY >= self.due;
        self.window.left_out += u64::from(!admits);
        admits
    }

    /// A picture was made: it took so long, at that quantisation parameter; `viewers` take their turns at the same processor.
    /// Returns whether size or rate are others from now on.
    pub fn on_coded(&mut self, now: Time, took: Duration, qp: u8, viewers: u32) -> bool {
        let period = Duration::from_micros(1_000_000 / self.hz());
        // In step, unless it has fallen out of it.
        let next = self.due + period;
        self.due = if next + period < now || self.due == Time::ZERO { now + period } else { next };
        self.window.coded += 1;
        self.window.took += took * viewers.max(1);
        self.window.qp += u64::from(qp);
        if now.since(self.window.began) < WINDOW {
            return false;
        }
        let window = std::mem::replace(&mut self.window, Window { began: now, ..Window::default() });
        let before = self.rung;
        self.judge(now, &window);
        before != self.rung
    }

    fn judge(&mut self, now: Time, window: &Window) {
        let busy = window.took.as_micros() as u64 * 1_000 / (now.since(window.began).as_micros() as u64).max(1);
        let qp = window.qp / window.coded.max(1);
        let blurred = qp >= COARSE && now.since(self.began) >= GROWS && window.coded > 1;
        let last = self.last();
        if (busy > BUSY || blurred) && self.rung < last {
            let limitation = if busy > BUSY { Limitation::Processor } else { Limitation::Path };
            self.go(now, self.rung + 1, Some(limitation));
            return;
        }
        let Some(better) = self.rung.checked_sub(1) else { return };
        let fine = if self.limitation == Some(Limitation::Path) { FINE } else { MIDDLING };
        if now.since(self.since) < self.patience || qp > fine {
            return;
        }
        // Where none were left out there will be no more of them.
        let rates = if window.left_out == 0 { 1 } else { RUNGS[self.rung].1 / RUNGS[better].1 };
        let sizes = |rung: usize| RUNGS[rung].0.quarters().pow(2);
        if busy * rates * sizes(better) / sizes(self.rung) <= IDLE {
            let limitation = self.limitation.filter(|_| better > 0);
            self.go(now, better, limitation);
        }
    }

    fn go(&mut self, now: Time, rung: usize, limitation: Option<Limitation>) {
        if rung > self.rung {
            let bad = now.since(self.since) < LASTS && self.since != self.began;
            self.patience = if bad { (self.patience * 2).min(MOST_PATIENCE) } else { PATIENCE };
        }
        (self.rung, self.limitation, self.since, self.due) = (rung, limitation, now, now);
    }

    /// The least rung that pictures of this size have.
    fn last(&self) -> usize {
        let large = |rung: &usize| {
            let area = u64::from(self.width) * u64::from(self.height) * RUNGS[*rung].0.quarters().pow(2) / 16;
            RUNGS[*rung].0 == Scale::Full || area >= SMALLEST
        };
        (0..RUNGS.len()).rev().find(large).unwrap_or(0)
    }

    fn pixels(&self, rung: usize) -> u64 {
        let (scale, part) = RUNGS[rung];
        u64::from(scale.side(self.width)) * u64::from(scale.side(self.height)) * self.hz / part
    }

    /// What is made less of, and why, as a sentence for a person; none where all of it is sent.
    pub fn sentence(&self) -> Option<String> {
        let limitation = self.limitation?;
        let (scale, _) = RUNGS[self.rung];
        let mut made = Vec::new();
        if scale != Scale::Full {
            made.push(format!(
                "{}x{} instead of {}x{}",
                scale.side(self.width),
                scale.side(self.height),
                self.width,
                self.height
            ));
        }
        if self.hz() < self.hz {
            made.push(format!("at most {} pictures a second instead of {}", self.hz(), self.hz));
        }
        let why = match limitation {
            Limitation::Processor => "coding more of them would take more of the server's processor than there is",
            Limitation::Path => "the network does not carry more at a quality worth seeing",
        };
        (!made.is_empty()).then(|| format!("Sent as {}: {why}.", made.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An encoder that takes so many nanoseconds for a pixel, a guest that makes so many pictures a second, and a path on which a full
    /// picture at the full rate has that QP.
    #[derive(Clone, Copy)]
    struct World {
        ns_per_pixel: u64,
        fps: u64,
        qp: u64,
    }

    const FINE_WORLD: World = World { ns_per_pixel: 4, fps: 60, qp: 24 };

    /// Lives so many seconds; returns the rungs taken, one after the other.
    fn live(quality: &mut Quality, from: Time, world: World, seconds: u64) -> (Vec<usize>, u64) {
        let mut taken = vec![quality.rung];
        let mut made = 0;
        for picture in 0..seconds * world.fps {
            let now = from + Duration::from_micros(picture * 1_000_000 / world.fps);
            if !quality.admits(now) {
                continue;
            }
            made += 1;
            let scale = quality.scale();
            let pixels = u64::from(scale.side(quality.width)) * u64::from(scale.side(quality.height));
            let took = Duration::from_nanos(pixels * world.ns_per_pixel);
            // Halving the pixels a second is worth about three steps.
            let qp = world.qp.saturating_sub(3 * quality.rung as u64) as u8;
            if quality.on_coded(now, took, qp, 1) {
                taken.push(quality.rung);
            }
        }
        (taken, made / seconds)
    }

    #[test]
    fn what_is_sent_fits_the_processor_and_the_path() {
        let check = |size: (u16, u16), world: World, expect: &[usize]| {
            let mut quality = Quality::new(Time::ZERO, size.0, size.1, 60);
            let (taken, _) = live(&mut quality, Time::ZERO, world, 9);
            assert_eq!(taken, expect, "{size:?}, {} ns a pixel, QP {}", world.ns_per_pixel, world.qp);
        };
        check((1280, 720), FINE_WORLD, &[0]);
        // 12 ms of 16.7 are much, but not too much.
        check((1280, 720), World { ns_per_pixel: 13, ..FINE_WORLD }, &[0]);
        check((1280, 720), World { ns_per_pixel: 18, ..FINE_WORLD }, &[0, 1]);
        check((1280, 720), World { ns_per_pixel: 40, ..FINE_WORLD }, &[0, 1, 2]);
        check((1280, 720), World { ns_per_pixel: 90, ..FINE_WORLD }, &[0, 1, 2, 3]);
        check((1280, 720), World { ns_per_pixel: 900, ..FINE_WORLD }, &[0, 1, 2, 3, 4]);
        // A larger picture begins with half of the pictures, and gets all of them where that is possible.
        check((1920, 1080), FINE_WORLD, &[1, 0]);
        check((1920, 1080), World { ns_per_pixel: 6, ..FINE_WORLD }, &[1]);
        check((1920, 1080), World { ns_per_pixel: 20, ..FINE_WORLD }, &[1, 2]);
        // A guest that makes few pictures has time for each.
        check((1280, 720), World { ns_per_pixel: 30, fps: 20, qp: 24 }, &[0]);
        check((1280, 720), World { qp: 44, ..FINE_WORLD }, &[0, 1]);
        check((1280, 720), World { qp: 51, ..FINE_WORLD }, &[0, 1, 2, 3, 4]);
        // Small pictures are not made smaller.
        check((320, 240), World { qp: 51, ..FINE_WORLD }, &[0, 1]);
    }

    #[test]
    fn a_rung_that_leaves_pictures_out_leaves_out_every_other() {
        let mut quality = Quality::new(Time::ZERO, 1920, 1080, 60);
        let (_, fps) = live(&mut quality, Time::ZERO, World { ns_per_pixel: 6, ..FINE_WORLD }, 9);
        assert_eq!(fps, 30);
        let mut quality = Quality::new(Time::ZERO, 1920, 1080, 60);
        let (taken, fps) = live(&mut quality, Time::ZERO, World { ns_per_pixel: 6, fps: 25, ..FINE_WORLD }, 9);
        assert_eq!((taken, fps), (vec![1, 0], 25), "a slow guest loses none, so nothing is gained by leaving some out");
    }

    #[test]
    fn it_gets_better_slowly_and_ever_more_slowly_where_that_does_not_last() {
        let mut quality = Quality::new(Time::ZERO, 1280, 720, 60);
        let busy = World { ns_per_pixel: 18, ..FINE_WORLD };
        assert_eq!(live(&mut quality, Time::ZERO, busy, 5).0, [0, 1]);
        let mut now = Time::from_millis(5_000);
        let mut waits = Vec::new();
        // The other work on the machine ends whenever less is sent, and is back when more is.
        for _ in 0..4 {
            let lowered = now;
            while quality.rung > 0 {
                live(&mut quality, now, World { ns_per_pixel: 4, ..FINE_WORLD }, 1);
                now = now + Duration::from_secs(1);
            }
            waits.push(now.since(lowered).as_secs());
            while quality.rung == 0 {
                live(&mut quality, now, busy, 1);
                now = now + Duration::from_secs(1);
            }
        }
        assert!(waits.is_sorted() && waits[3] >= 4 * waits[0], "{waits:?}");
    }

    #[test]
    fn it_is_said_in_a_sentence() {
        let mut quality = Quality::new(Time::ZERO, 1280, 720, 60);
        assert_eq!(quality.sentence(), None);
        live(&mut quality, Time::ZERO, World { ns_per_pixel: 40, ..FINE_WORLD }, 9);
        assert_eq!(
            quality.sentence().as_deref(),
            Some(
                "Sent as 960x540 instead of 1280x720, at most 30 pictures a second instead of 60: coding more of them would take \
                 more of the server's processor than there is."
            )
        );
    }
}
