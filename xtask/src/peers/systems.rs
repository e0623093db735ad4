//! What is compared: Playfield, and what one would take instead. Each starts a program and streams it to a viewer on this machine.
//!
//! Settings are those that each one's own documentation names for low delay; SPECIFICATION.md, "Peers", says which and why.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::processes::{ports_of, tree_of, words_of};
use super::rfb;
use super::stage::Stage;
use crate::shell::{Failure, playfield, root};

/// The most bits a second that video may take, in thousands. It is no limit for what these programs show.
const KBIT: u32 = 8_000;
/// Pictures a second.
const HZ: u32 = 60;
/// How long `playfield bench programs` lets a program load.
const BENCH_SETTLES: Duration = Duration::from_secs(8);

/// Who streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Playfield,
    Ffmpeg,
    Gstreamer,
    Xpra,
    Tigervnc,
}

/// The one that all others are compared with, and the others.
pub const ALL: [System; 5] = [System::Playfield, System::Ffmpeg, System::Gstreamer, System::Xpra, System::Tigervnc];

/// What is streamed.
pub struct Scene<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Added where the screen is one of X11, if the program wants to be told.
    pub for_x11: Option<&'a str>,
    /// `tests/peers/flip.c`, which can count what others draw.
    pub watcher: &'a Path,
    pub size: [u32; 2],
    /// How long it will be watched, the time to settle included.
    pub time: Duration,
}

/// A program that is being streamed.
pub struct Running {
    pub stage: Stage,
    /// Processes that are counted, with all that they started.
    counted: Vec<u32>,
    /// The process whose sockets the pictures leave by.
    sender: u32,
    /// Whose log has what the program says.
    program: &'static str,
    /// The payload type of its video, where that goes by RTP.
    pub payload: Option<u8>,
    /// Counts pictures where packets do not tell them apart.
    pub count: Option<Arc<AtomicU64>>,
    /// Pictures are taken from the screen, perhaps the same one twice: what is drawn there is counted too.
    watched: bool,
}

impl Running {
    /// The processes that stream, without the program and what it started.
    pub fn counted(&self) -> BTreeSet<u32> {
        // What runs behind the fence is the program, but for the compositor and the X server that it starts.
        let ours = |pid: &u32| {
            let words = words_of(*pid);
            let name = words[0].rsplit('/').next().unwrap_or_default();
            self.program != "playfield"
                || *pid == self.sender
                || words.get(1).is_some_and(|word| word == "guest")
                || name == "Xwayland"
        };
        tree_of(self.counted.iter().copied()).into_iter().filter(ours).collect()
    }

    /// What the pictures leave by.
    pub fn ports(&self) -> BTreeSet<u16> {
        ports_of(self.sender)
    }

    /// What is drawn, as the watcher says it; none where nothing is sent twice.
    pub fn drawn(&self) -> Option<String> {
        self.watched.then(|| self.stage.log("watch"))
    }

    /// What the program has said, perhaps among other lines.
    pub fn said(&self) -> String {
        self.stage.log(self.program)
    }
}

impl System {
    pub fn name(self) -> &'static str {
        match self {
            System::Playfield => "playfield",
            System::Ffmpeg => "ffmpeg",
            System::Gstreamer => "gstreamer",
            System::Xpra => "xpra",
            System::Tigervnc => "tigervnc",
        }
    }

    /// Debian's packages for it, besides those that all of them need.
    pub fn packages(self) -> &'static [&'static str] {
        match self {
            System::Playfield => &[],
            System::Ffmpeg => &["xvfb", "ffmpeg"],
            System::Gstreamer => &[
                "xvfb",
                "python3-gi",
                "gir1.2-gst-plugins-base-1.0",
                "gir1.2-gst-plugins-bad-1.0",
                "gstreamer1.0-plugins-good",
                "gstreamer1.0-plugins-ugly",
                "gstreamer1.0-plugins-bad",
                "gstreamer1.0-nice",
                "gstreamer1.0-x",
            ],
            System::Xpra => &["xvfb", "xpra", "python3-pil", "python3-gi-cairo", "python3-lz4"],
            System::Tigervnc => &["tigervnc-standalone-server"],
        }
    }

    /// Starts all of it. It streams when this returns, but has not settled.
    pub fn start(self, stage: Stage, scene: &Scene) -> Result<Running, Failure> {
        match self {
            System::Playfield => own(stage, scene),
            System::Ffmpeg => ffmpeg(stage, scene),
            System::Gstreamer => gstreamer(stage, scene),
            System::Xpra => xpra(stage, scene),
            System::Tigervnc => tigervnc(stage, scene),
        }
    }
}

fn fail(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("{what}: {error}"))
}

fn own(mut stage: Stage, scene: &Scene) -> Result<Running, Failure> {
    let [width, height] = scene.size;
    let seconds = scene.time.saturating_sub(BENCH_SETTLES).as_secs() + 3;
    let mut bench = stage.command(playfield());
    bench.args(["bench", "programs", "--size", &format!("{width}x{height}"), "--seconds", &seconds.to_string(), "--"]);
    let bench = stage.start("playfield", bench.args(scene.command), false)?.id();
    let worker =
        |_: &Stage| tree_of([bench]).into_iter().find(|pid| words_of(*pid).get(1).is_some_and(|word| word == "worker"));
    let sender = stage.until("a worker", worker)?;
    stage.until("the program", |stage| stage.log("playfield").contains("a program has started").then_some(()))?;
    Ok(Running {
        stage,
        counted: vec![sender],
        sender,
        program: "playfield",
        payload: Some(108),
        count: None,
        watched: false,
    })
}

/// Xvfb, and the program on it.
fn on_xvfb(stage: &mut Stage, scene: &Scene) -> Result<(u32, String), Failure> {
    let mut server = stage.command("Xvfb");
    let (server, display) = stage.x_server("xvfb", server.args(["-screen", "0", &screen(scene)]))?;
    watch(stage, scene, &display)?;
    program(stage, scene, &display)?;
    Ok((server, display))
}

/// Whoever counts what is drawn there. That is no part of the streaming, but what it makes the X server do is counted with it.
fn watch(stage: &mut Stage, scene: &Scene, display: &str) -> Result<(), Failure> {
    let mut watcher = stage.command(scene.watcher);
    stage.start("watch", watcher.arg("watch").env("DISPLAY", display), false).map(drop)
}

fn screen(scene: &Scene) -> String {
    format!("{}x{}x24", scene.size[0], scene.size[1])
}

fn program(stage: &mut Stage, scene: &Scene, display: &str) -> Result<(), Failure> {
    let mut program = stage.command(&scene.command[0]);
    stage
        .start("program", program.args(&scene.command[1..]).args(scene.for_x11).env("DISPLAY", display), false)
        .map(drop)
}

fn ffmpeg(mut stage: Stage, scene: &Scene) -> Result<Running, Failure> {
    let (server, display) = on_xvfb(&mut stage, scene)?;
    let [width, height] = scene.size;
    // It receives and throws away, so that nothing is refused.
    let sink = UdpSocket::bind("127.0.0.1:0").map_err(|error| fail("a socket", error))?;
    let port = sink.local_addr().map_err(|error| fail("a socket", error))?.port();
    sink.set_read_timeout(Some(scene.time + Duration::from_secs(30))).map_err(|error| fail("a socket", error))?;
    std::thread::spawn(move || while sink.recv(&mut [0; 2048]).is_ok() {});
    let line = format!(
        "-hide_banner -loglevel warning -nostats -f x11grab -draw_mouse 0 -framerate {HZ} -video_size {width}x{height} -i {display} \
         -c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -b:v {KBIT}k -maxrate {KBIT}k -bufsize {}k -g 3600 \
         -f rtp rtp://127.0.0.1:{port}?pkt_size=1200",
        KBIT / 20
    );
    let mut command = stage.command("ffmpeg");
    let sender = stage.start("ffmpeg", command.args(line.split_whitespace()), false)?.id();
    Ok(Running {
        stage,
        counted: vec![server, sender],
        sender,
        program: "program",
        payload: Some(96),
        count: None,
        watched: true,
    })
}

fn gstreamer(mut stage: Stage, scene: &Scene) -> Result<Running, Failure> {
    let (server, display) = on_xvfb(&mut stage, scene)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let script = root().join("tests/peers/webrtc.py");
    let [width, height] = scene.size;
    let numbers = [width, height, HZ, KBIT, cores as u32].map(|number| number.to_string());
    let mut command = stage.command("/usr/bin/python3");
    let child = stage.start("sender", command.arg(&script).arg("send").args(numbers).env("DISPLAY", display), true)?;
    let (sender, said, told) = (child.id(), child.stdout.take(), child.stdin.take());
    let mut command = stage.command("/usr/bin/python3");
    let child = stage.start("receiver", command.arg(&script).arg("receive"), true)?;
    for (said, told) in [(said, child.stdin.take()), (child.stdout.take(), told)] {
        let (Some(said), Some(mut told)) = (said, told) else { return Err(Failure::new("a process has no output")) };
        // Each says to the other what it has to say; that ends with them.
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if writeln!(told, "{line}").is_err() {
                    break;
                }
            }
        });
    }
    Ok(Running {
        stage,
        counted: vec![server, sender],
        sender,
        program: "program",
        payload: Some(96),
        count: None,
        watched: true,
    })
}

/// What xpra offers besides pictures, all of which is left out.
const XPRA_WITHOUT: [&str; 16] = [
    "--mdns=no",
    "--pulseaudio=no",
    "--speaker=disabled",
    "--microphone=disabled",
    "--webcam=no",
    "--notifications=no",
    "--dbus-proxy=no",
    "--html=off",
    "--printing=no",
    "--file-transfer=no",
    "--clipboard=no",
    "--system-tray=no",
    "--bell=no",
    "--start-new-commands=no",
    "--systemd-run=no",
    "--exit-with-children=no",
];

fn xpra(mut stage: Stage, scene: &Scene) -> Result<Running, Failure> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.map_err(|error| fail("a port", error))?.port();
    let mut theirs = stage.command("Xvfb");
    let (_, theirs) = stage.x_server("xvfb-of-client", theirs.args(["-screen", "0", &screen(scene)]))?;
    let display = (200..).map(|number| format!(":{number}")).find(|display| free_display(display)).unwrap_or_default();
    let server = format!("Xvfb +extension Composite -screen 0 {} -nolisten tcp -noreset", screen(scene));
    let mut command = stage.command("xpra");
    command.args([
        "start",
        &display,
        "--daemon=no",
        &format!("--bind-tcp=127.0.0.1:{port}"),
        &format!("--xvfb={server}"),
    ]);
    let sender = stage.start("xpra", command.args(XPRA_WITHOUT), false)?.id();
    stage.until("xpra", |stage| stage.log("xpra").contains("xpra is ready").then_some(()))?;
    let mut client = stage.command("xpra");
    client.args([
        "attach",
        &format!("tcp://127.0.0.1:{port}/"),
        "--encoding=h264",
        "--quality=50",
        "--speed=100",
        "--av-sync=no",
        "--auto-refresh-delay=1",
        "--video-scaling=off",
        "--opengl=no",
    ]);
    client.args([
        "--mmap=no",
        "--mdns=no",
        "--notifications=no",
        "--clipboard=no",
        "--speaker=disabled",
        "--microphone=disabled",
    ]);
    stage.start("xpra-client", client.env("DISPLAY", theirs), false)?;
    stage.until("xpra's client", |stage| stage.log("xpra-client").contains("Attached to").then_some(()))?;
    program(&mut stage, scene, &display)?;
    Ok(Running { stage, counted: vec![sender], sender, program: "program", payload: None, count: None, watched: false })
}

fn free_display(display: &str) -> bool {
    !Path::new(&format!("/tmp/.X11-unix/X{}", &display[1..])).exists()
}

fn tigervnc(mut stage: Stage, scene: &Scene) -> Result<Running, Failure> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.map_err(|error| fail("a port", error))?.port();
    let [width, height] = scene.size;
    let mut server: Command = stage.command("Xtigervnc");
    server.args(["-geometry", &format!("{width}x{height}"), "-depth", "24", "-rfbport", &port.to_string()]);
    server.args(["-localhost", "-SecurityTypes", "None", "-FrameRate", &HZ.to_string(), "-AlwaysShared"]);
    let (sender, display) = stage.x_server("tigervnc", &mut server)?;
    watch(&mut stage, scene, &display)?;
    program(&mut stage, scene, &display)?;
    let count = rfb::watch(port).map_err(|error| fail("the VNC server", error))?;
    Ok(Running {
        stage,
        counted: vec![sender],
        sender,
        program: "program",
        payload: None,
        count: Some(count),
        watched: true,
    })
}
