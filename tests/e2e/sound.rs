//! The sound of Linux programs, played and recorded by PulseAudio's own (Debian's `pulseaudio-utils`).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use playfield_core::voice::LOST_FRAMES;
use playfield_runtime::desktop::sound::{Decode, Microphone, SoundServer};
use playfield_runtime::{Feed, VoicePacket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Frames of a tune: two seconds.
const FRAMES: i16 = 24_000;

struct Stage {
    folder: PathBuf,
    server: SoundServer,
    feed: Feed,
}

/// Whatever is said is 1,234.
struct FakeCodec;

impl Decode for FakeCodec {
    fn decode(&mut self, packet: &[u8], into: &mut Vec<i16>) -> bool {
        let frames = playfield_core::voice::frames(packet).unwrap() as usize;
        into.extend(std::iter::repeat_n(1_234, frames));
        true
    }

    fn conceal(&mut self, into: &mut Vec<i16>) {
        into.extend([0; LOST_FRAMES as usize]);
    }
}

impl Stage {
    fn new(name: &str) -> Stage {
        let folder = std::env::temp_dir().join(format!("playfield-e2e-sound-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (feed, theirs) = Feed::pair().unwrap();
        let microphone = Microphone::new(theirs, Box::new(FakeCodec));
        let server = SoundServer::start(&folder.join("native"), Some(microphone)).unwrap();
        Stage { folder, server, feed }
    }

    fn program(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut program = Command::new(words.next().unwrap());
        let server = format!("unix:{}", self.folder.join("native").display());
        program.args(words).env("PULSE_SERVER", server).env("HOME", &self.folder).env("XDG_RUNTIME_DIR", &self.folder);
        program.stdin(Stdio::null());
        program
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What comes out while a program plays a file.
    fn play(&self, line: &str, file: &Path) -> Vec<i16> {
        let mut program = self.program(line).arg(file).spawn().unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| self.take_until(&over));
            assert!(program.wait().unwrap().success(), "{line}");
            over.store(true, Ordering::Relaxed);
            taken.join().unwrap()
        })
    }

    fn take_until(&self, over: &AtomicBool) -> Vec<i16> {
        let mut samples = Vec::new();
        loop {
            let last = over.load(Ordering::Relaxed);
            while self.server.take(&mut samples).is_some() {}
            if last {
                return samples;
            }
            let wait = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            poll(&mut [PollFd::new(&self.server, PollFlags::IN)], Some(&wait)).unwrap();
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn le(samples: impl Iterator<Item = i16>) -> Vec<u8> {
    samples.flat_map(i16::to_le_bytes).collect()
}

#[test]
fn a_player_is_heard_exactly_and_in_order() {
    let stage = Stage::new("order");
    // The left channel counts, the right one is its opposite. Zero is where nothing was played.
    let file = stage.file("count", &le((1..=FRAMES).flat_map(|n| [n, -n])));
    let heard = stage.play("pacat --raw --format=s16le --rate=48000 --channels=2", &file);
    let frames: Vec<i16> = heard.chunks_exact(2).filter(|frame| frame[0] != 0).map(|frame| frame[0]).collect();
    assert!(heard.chunks_exact(2).all(|frame| frame[1] == -frame[0]));
    assert!(!frames.is_empty() && frames.is_sorted_by(|one, next| one < next));
}

#[test]
fn other_rates_and_channels_are_heard() {
    let stage = Stage::new("rates");
    let check = |line: &str, bytes: &[u8]| {
        let file = stage.file("loud", bytes);
        let heard = stage.play(line, &file);
        // Where the filter has filled, and nothing was late.
        assert!(heard.iter().any(|sample| sample.abs_diff(16_384) < 100), "{line}");
    };
    check("pacat --raw --format=s16be --rate=44100 --channels=1", &[0x40, 0].repeat(22_050));
    check("pacat --raw --format=u8 --rate=8000 --channels=2", &[0xc0].repeat(8_000));
    check("pacat --raw --format=float32le --rate=96000 --channels=6", &0.5_f32.to_le_bytes().repeat(6 * 48_000));
}

#[test]
fn the_server_describes_itself() {
    let stage = Stage::new("info");
    let check = |line: &str, expect: &str| {
        let output = stage.program(line).env("LC_ALL", "C").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(expect), "{line}: {text}");
    };
    check("pactl info", "Default Sink: playfield\n");
    check("pactl list sinks", "Description: Playfield\n");
    check("pactl list sources", "Name: playfield.microphone\n");
    check("pactl set-sink-volume 0 50%", "");
    check("pactl list sinks", "/  50% /");
    check("pactl set-sink-mute playfield 1", "");
    check("pactl get-sink-mute @DEFAULT_SINK@", "Mute: yes");
    assert!(!stage.program("pactl load-module module-null-sink").status().unwrap().success());
}

#[test]
fn the_microphone_is_recorded() {
    let stage = Stage::new("microphone");
    let record = "parec --raw --format=s16le --rate=48000 --channels=1 --latency-msec=20";
    let mut recorder = Running(stage.program(record).stdout(Stdio::piped()).spawn().unwrap());
    let mut output = recorder.0.stdout.take().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0..).take_while(|_| !over.load(Ordering::Relaxed)) {
                // It cannot be sent where nobody records for long.
                stage.feed.send(VoicePacket { voice: 1, number, time: number as u32 * 480, data: &[0xf0, 0] });
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        });
        let mut sample = [0; 2];
        // Silence first; the test is killed if nothing else ever comes.
        while i16::from_le_bytes(sample) != 1_234 {
            output.read_exact(&mut sample).unwrap();
        }
        assert!(stage.server.microphone_wanted());
        over.store(true, Ordering::Relaxed);
        let mut quiet = 0;
        while quiet < 4_800 {
            output.read_exact(&mut sample).unwrap();
            quiet = if sample == [0; 2] { quiet + 1 } else { 0 };
        }
    });
}

#[test]
fn what_is_played_is_on_the_monitor() {
    let stage = Stage::new("monitor");
    let mut recorder = Running(
        stage
            .program("parec --raw --format=s16le --channels=2 -d playfield.monitor")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut player =
        Running(stage.program("pacat --raw --format=s16le --channels=2").stdin(Stdio::piped()).spawn().unwrap());
    let mut input = player.0.stdin.take().unwrap();
    let mut output = recorder.0.stdout.take().unwrap();
    std::thread::scope(|scope| {
        // Until the player is gone.
        scope.spawn(move || while input.write_all(&le([4_321; 4_800].into_iter())).is_ok() {});
        let mut sample = [0; 2];
        while i16::from_le_bytes(sample).abs_diff(4_321) > 1 {
            output.read_exact(&mut sample).unwrap();
        }
        drop(player);
    });
}
