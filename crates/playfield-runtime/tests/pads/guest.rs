//! The guest's process: it confines itself, makes pads, and starts the program in its different parts.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use playfield_core::input::{Pad, PadButton, PlayerInput, Rumble, TickInput};
use playfield_runtime::confine::{self, Rules};
use playfield_runtime::desktop::pads::{FOLDER, Pads, way};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// What this process may be there for; all else is a command of the shell.
const PARTS: [&str; 3] = ["all", "cost", "without"];

/// What is tried: a sentence that holds, and how.
type Try = (&'static str, fn(&mut Pads, &Path));

const TRIES: &[Try] = &[
    ("a pad says what an Xbox pad says", it_says_what_an_xbox_pad_says),
    ("a program that has no libraries has pads too", static_programs_have_pads),
    ("what a player does is read as events, to the end", events_are_read_to_the_end),
    ("the older interface shows the same", the_older_interface),
    ("a program sees pads come and go", pads_come_and_go),
    ("four players have pads of their own", four_players),
    ("effects shake the player's pad until they are stopped, removed or closed", effects_shake),
    ("a program that does not read holds up nobody, and learns what it missed", a_program_that_does_not_read),
    ("what a program starts has the pads as well", what_it_starts_has_them),
    ("a hostile program fools itself", a_hostile_program),
    ("udev says nothing, and programs that ask it start all the same", udev_says_nothing),
    ("SDL is told to look for itself", sdl_is_told),
    ("who asks libudev finds the pads that are there", it_is_found_by_who_reads_sys),
];

pub fn run(programs: &Path, what: &str) {
    let program = |name| programs.join(name);
    let gamepads = what != "without";
    let mut rules = Rules { read: vec![program("dynamic"), program("static")], gamepads, ..Rules::default() };
    if !PARTS.contains(&what) {
        // A browser, say.
        rules = Rules { memory_limit: 4 << 30, scratch: 1 << 30, processes: 512, open_files: 8192, ..rules };
    }
    confine::confine(&rules).unwrap_or_else(|error| panic!("{error}"));
    if what == "without" {
        return without();
    }
    let mut pads = Pads::new(Path::new(FOLDER)).unwrap_or_else(|error| panic!("{error}"));
    let dynamic = program("dynamic");
    match what {
        "all" => {}
        "cost" => return cost(&mut pads, &dynamic),
        command => return play(&mut pads, command),
    }
    for (name, holds) in TRIES {
        println!("  {name}");
        holds(&mut pads, &dynamic);
        (0..4).for_each(|player| pads.set(player, None));
    }
}

/// What is missing is said.
fn without() {
    println!("  where there can be none, it is said why");
    let why = || Pads::new(Path::new(FOLDER)).unwrap_err().to_string();
    assert_eq!(why(), "input devices cannot be shown: No such file or directory (os error 2)");
    // A kernel that passes no system calls on.
    let sizes = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, 3).unwrap();
    let calls = [(libc::SYS_seccomp, vec![SeccompRule::new(vec![sizes]).unwrap()])].into();
    let invalid = SeccompAction::Errno(libc::EINVAL.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, invalid, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
    assert_eq!(why(), "this kernel does not pass system calls on to another process (seccomp, Linux 5.9)");
    let way = way();
    assert!(!way.devices && way.says.starts_with("gamepads: Linux programs get keys"), "{}", way.says);
}

/// A part of the program that runs.
struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(pads: &Pads, program: &Path, part: &str, path: &str) -> Program {
        let mut command = Command::new(program);
        command.args([part, path]);
        Program::spawn(pads, command)
    }

    fn spawn(pads: &Pads, mut command: Command) -> Program {
        pads.arm(&mut command).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Program { child, input, output }
    }

    #[track_caller]
    fn says(&mut self, expect: &str) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), expect);
    }

    fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }

    /// The rest of what it says; it ended well.
    fn rest(mut self) -> String {
        drop(self.input);
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {text}");
        text
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn buttons(buttons: &[PadButton]) -> Pad {
    Pad { buttons: buttons.iter().fold(0, |all, button| all | button.bit()), ..Pad::default() }
}

const ASKED: &str = "\
character device 1, nonblocking 1, close on exec 1
version 0 10001
id 0 0003:045e:028e:0110
name 24 Microsoft X-Box 360 pad
phys 23 usb-playfield-1/input0
uniq -1 none
types 4: 0 1 3 15
keys 96: 130 131 133 134 136 137 13a 13b 13c 13d 13e
axes 8: 0 1 2 3 4 5 10 11
forces 16: 50 51 52 58 59 5a 60
properties 4:
held 96: 131
axis 0: -300 in -32768..32767, 16, 128
axis 1: 0 in -32768..32767, 16, 128
axis 2: 9 in 0..255, 0, 0
axis 3: 0 in -32768..32767, 16, 128
axis 4: 0 in -32768..32767, 16, 128
axis 5: 0 in 0..255, 0, 0
axis 10: 0 in -1..1, 0, 0
axis 11: -1 in -1..1, 0, 0
effects 0 16
a second grab 0 -1 1
read -1 1
";

fn it_says_what_an_xbox_pad_says(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad { lx: -300, l2: 9, ..buttons(&[PadButton::B, PadButton::Up]) }));
    assert_eq!(Program::start(pads, program, "ask", &path("event0")).rest(), ASKED);
}

fn static_programs_have_pads(pads: &mut Pads, program: &Path) {
    it_says_what_an_xbox_pad_says(pads, &program.with_file_name("static"));
}

fn events_are_read_to_the_end(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad::default()));
    let mut reader = Program::start(pads, program, "events", &path("event0"));
    reader.says("ready");
    pads.set(0, Some(&Pad { lx: -300, r2: 255, ..buttons(&[PadButton::A, PadButton::Left]) }));
    reader.says("1 130 1;3 0 -300;3 5 255;3 10 -1;0 0 0;");
    // The same once more is no news.
    pads.set(0, Some(&Pad { lx: -300, r2: 255, ..buttons(&[PadButton::A, PadButton::Left]) }));
    pads.set(0, Some(&Pad::default()));
    reader.says("1 130 0;3 0 0;3 5 0;3 10 0;0 0 0;");
    pads.set(0, None);
    assert_eq!(reader.rest(), "end 0, then -1 1\nwritten 1\n");
}

fn the_older_interface(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&buttons(&[PadButton::B, PadButton::Up])));
    let mut reader = Program::start(pads, program, "joystick", &path("js0"));
    let codes = "0 1 2 3 4 5 10 11 130 131 133 134 136 137 13a 13b 13c 13d 13e";
    reader.says(&format!("20100 8 11 24 Microsoft X-Box 360 pad 0 0 {codes}"));
    for button in 0..11 {
        reader.says(&format!("81 {button} {}", u8::from(button == 1)));
    }
    for (axis, value) in [0, 0, -32767, 0, 0, -32767, 0, -32767].iter().enumerate() {
        reader.says(&format!("82 {axis} {value}"));
    }
    pads.set(0, Some(&Pad { ry: 77, ..buttons(&[PadButton::Up]) }));
    reader.says("1 1 0");
    reader.says("2 4 77");
    pads.set(0, None);
    assert_eq!(reader.rest(), "end\n");
}

fn pads_come_and_go(pads: &mut Pads, program: &Path) {
    let mut watcher = Program::start(pads, program, "watch", FOLDER);
    watcher.says("ready");
    pads.set(2, Some(&Pad::default()));
    watcher.says("new js2 opens 1 there 1 major 88");
    watcher.says("new event2 opens 1 there 1 major 88");
    pads.set(2, None);
    watcher.says("gone event2 opens 0 there 0 major 0");
    watcher.says("gone js2 opens 0 there 0 major 0");
    watcher.child.kill().unwrap();
    watcher.child.wait().unwrap();
}

fn four_players(pads: &mut Pads, program: &Path) {
    for player in 0..4 {
        pads.set(player, Some(&Pad::default()));
    }
    pads.set(9, Some(&Pad::default()));
    let mut numbers: Vec<u64> = Vec::new();
    for player in 0..4 {
        for name in ["event", "js"] {
            numbers.push(rustix::fs::stat(path(&format!("{name}{player}"))).unwrap().st_rdev);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 8, "programs tell devices apart by their numbers");
    let mut third = Program::start(pads, program, "events", &path("event2"));
    third.says("ready");
    let mut input = TickInput::default();
    input.players[1] = PlayerInput { connected: true, pad: buttons(&[PadButton::A]), ..PlayerInput::default() };
    input.players[2] = PlayerInput { connected: true, pad: buttons(&[PadButton::X]), ..PlayerInput::default() };
    pads.play(&input);
    third.says("1 133 1;0 0 0;");
    input.players[2].connected = false;
    pads.play(&input);
    third.rest();
}

fn effects_shake(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad::default()));
    pads.set(1, Some(&Pad::default()));
    let mut player = Program::start(pads, program, "rumble", &path("event1"));
    player.says("kept 0 as 0, played 1");
    let shake = |strong, weak| Rumble { strong, weak, ms: 5_000 };
    assert_eq!(next_rumble(pads, 1), shake(0xc0, 0x40));
    assert_eq!(pads.take_rumble(0), None);
    player.go_on();
    player.says("half 1");
    assert_eq!(next_rumble(pads, 1), shake(0x60, 0x20));
    player.go_on();
    player.says("removed 0 -1");
    assert_eq!(next_rumble(pads, 1), Rumble::default());
    player.go_on();
    player.says("again");
    assert_eq!(next_rumble(pads, 1), shake(0xc0, 0x40));
    player.go_on();
    player.says("closed");
    assert_eq!(next_rumble(pads, 1), Rumble::default());
    player.rest();
}

/// What a program wrote is on its way; a test that never comes to it is killed.
fn next_rumble(pads: &mut Pads, player: usize) -> Rumble {
    loop {
        if let Some(rumble) = pads.take_rumble(player) {
            return rumble;
        }
        std::thread::yield_now();
    }
}

fn a_program_that_does_not_read(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad::default()));
    let mut idler = Program::start(pads, program, "idle", &path("event0"));
    idler.says("ready");
    for n in 0..20_000 {
        pads.set(0, Some(&Pad { lx: n, ..buttons(&[PadButton::Y]) }));
    }
    idler.go_on();
    idler.says("dropped 1, a few 1");
    idler.says("held 96: 134");
    idler.says("0 0");
    pads.set(0, Some(&Pad { lx: 19_999, ..Pad::default() }));
    idler.go_on();
    assert_eq!(idler.rest(), "1 134 0;0 0 0;\n");
}

fn what_it_starts_has_them(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad { lx: -300, l2: 9, ..buttons(&[PadButton::B, PadButton::Up]) }));
    let mut shell = Command::new("/bin/sh");
    // The one in the middle ends at once.
    shell.args(["-c", "(\"$0\" ask \"$1\" &) ; exit 0"]).arg(program).arg(path("event0"));
    assert_eq!(Program::spawn(pads, shell).rest(), ASKED);
}

const HOSTILE: &str = "\
open nowhere -1
open far away -1
ask to nowhere -1 1
effect from nowhere -1 1
an effect of nothing -1
ask what is not -1 -1
ask another file -1 -1
many 63, errno 1
a copy 0
garbage, then 0
relative 0 0 0
not there -1 1
threads failed 0
no place -1 1
done
";

fn a_hostile_program(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad::default()));
    assert_eq!(Program::start(pads, program, "hostile", FOLDER).rest(), HOSTILE);
    // Nobody else noticed.
    events_are_read_to_the_end(pads, program);
}

fn udev_says_nothing(pads: &mut Pads, program: &Path) {
    let said = Program::start(pads, program, "udev", "").rest();
    assert_eq!(said, "socket 1, bound 0, options 0, nonblocking 1, heard -1 1\nroutes 1\nanother 0\n");
}

fn sdl_is_told(pads: &mut Pads, _: &Path) {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "echo $SDL_JOYSTICK_DISABLE_UDEV; cat /run/host/container-manager"]);
    assert_eq!(Program::spawn(pads, shell).rest(), "1\nplayfield\n");
}

const ABOUT: &str = "\
event1
input1
js1
/sys/class/input/input1/event1
MINOR=M
DEVNAME=input/event1
/sys/class/input
045e
E:ID_INPUT_JOYSTICK=1
and then:
";

fn it_is_found_by_who_reads_sys(pads: &mut Pads, _: &Path) {
    pads.set(1, Some(&Pad::default()));
    let mut shell = Command::new("/bin/sh");
    shell.args([
        "-c",
        "cd /sys/class/input; ls; readlink event1; tail -n 2 event1/uevent | sed 's/=[0-9]*$/=M/'; readlink event1/subsystem; \
         cat event1/device/id/vendor; grep JOYSTICK /run/udev/data/c$(cat event1/dev); echo and then:; read line; ls",
    ]);
    let mut shell = Program::spawn(pads, shell);
    ABOUT.lines().for_each(|line| shell.says(line));
    pads.set(1, None);
    shell.go_on();
    assert_eq!(shell.rest(), "");
}

fn cost(pads: &mut Pads, program: &Path) {
    pads.set(0, Some(&Pad::default()));
    print!("{}", Program::start(pads, program, "cost", &path("event0")).rest());
    let mut reader = Program::start(pads, program, "delay", &path("event0"));
    reader.says("ready");
    for n in 0..10_000 {
        pads.set(0, Some(&Pad { lx: n % 1_000 + 1, ..Pad::default() }));
        reader.says("");
    }
    pads.set(0, None);
    print!("{}", reader.rest());
}

/// Runs a command of the shell while a player plays, again and again: buttons, sticks, triggers; a second one comes and goes.
fn play(pads: &mut Pads, command: &str) {
    let user = confine::guest_user().unwrap();
    pads.set(0, Some(&Pad::default()));
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).env_clear().envs(confine::environment(&user));
    pads.arm(&mut shell).unwrap();
    let mut child = shell.spawn().unwrap();
    let tilted = Pad { lx: 20_000, ly: -20_000, r2: 200, ..Pad::default() };
    let moves = PadButton::ALL.map(|button| buttons(&[button])).into_iter().chain([tilted, Pad::default()]);
    for (n, pad) in moves.collect::<Vec<_>>().iter().cycle().enumerate() {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        pads.set(0, Some(pad));
        pads.set(1, (n % 20 > 9).then_some(&Pad::default()));
        for player in 0..2 {
            if let Some(rumble) = pads.take_rumble(player) {
                println!("player {player}: {rumble:?}");
            }
        }
    }
}
