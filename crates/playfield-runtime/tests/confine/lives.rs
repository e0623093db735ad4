//! How a guest lives and ends: what it is given works, and nothing of it stays.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use playfield_runtime::confine::{Bind, LayerKind, Missing, Report, Rules, resident};

use super::guest::{Act, Part, REFUSED};
use super::stage::{Stage, rest};

/// Says which layers this machine has.
pub fn report(stage: &Stage) -> usize {
    let report: Report = serde_json::from_str(&stage.ask(Some(stage.rules()), Act::Report)).unwrap();
    println!("{report}");
    let is_needed =
        |kind| [LayerKind::Namespaces, LayerKind::Network, LayerKind::Privileges, LayerKind::Seccomp].contains(&kind);
    report.missing().filter(|layer| is_needed(layer.kind)).count()
}

type Check = (&'static str, fn(&Stage) -> Result<(), String>);

const CHECKS: &[Check] = &[
    ("a home persists and belongs to the guest", home_persists),
    ("a home that is not given is empty, and forgotten", no_home),
    ("what may be read is there, and cannot be changed", read_only),
    ("what may be written is changed outside", binds),
    ("programs of the system run, with threads and pipes", programs),
    ("the shell knows who it is", who_it_is),
    ("an end is told exactly", ends),
    ("a process that is left behind ends with the guest", leaves_nothing),
    ("a guest ends when the process outside is killed", killed_from_outside),
    ("a guest ends when the worker does", worker_ends),
    ("memory of all processes is seen from outside", seen_from_outside),
    ("shared network is shared, and the rest stays fenced", shared_network),
    ("what is missing is refused where that is wanted", refuses),
    ("what a kernel lacks is named", names_what_is_missing),
    ("rules that cannot be kept are refused", bad_rules),
];

/// Runs all; how many are wrong.
pub fn all(stage: &Stage) -> usize {
    let wrong = CHECKS.iter().map(|(name, check)| match check(stage) {
        Ok(()) => {
            println!("{name}: ok");
            0
        }
        Err(why) => {
            println!("{name}: {why}   <-- WRONG");
            1
        }
    });
    wrong.sum()
}

fn expect<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{found:?} instead of {wanted:?}")) }
}

fn shell(stage: &Stage, rules: Rules, command: &str) -> String {
    stage.ask(Some(rules), Act::Shell(command.to_owned())).trim().to_owned()
}

fn home_persists(stage: &Stage) -> Result<(), String> {
    shell(stage, stage.rules(), "mkdir -p saves && echo one > saves/slot && cd && pwd > where");
    expect(&fs::read_to_string(stage.home().join("where")).unwrap().trim(), &"/home/player")?;
    let owner = fs::metadata(stage.home()).unwrap().uid();
    expect(&fs::metadata(stage.home().join("saves/slot")).unwrap().uid(), &owner)?;
    expect(&shell(stage, stage.rules(), "cat ~/saves/slot").as_str(), &"one")
}

fn no_home(stage: &Stage) -> Result<(), String> {
    let rules = Rules { home: None, ..stage.rules() };
    expect(&shell(stage, rules.clone(), "echo x > ~/x && ls ~").as_str(), &"x")?;
    expect(&shell(stage, rules, "ls ~").as_str(), &"")
}

fn read_only(stage: &Stage) -> Result<(), String> {
    let core = stage.core();
    let command = format!("cat {0}; echo changed 2>/dev/null > {0} || echo ' refused'", core.display());
    expect(&shell(stage, stage.rules(), &command).as_str(), &"a core refused")
}

fn binds(stage: &Stage) -> Result<(), String> {
    let write = vec![Bind { host: stage.place.own.clone(), inside: "/run/title".into() }];
    // As root, the guest's user has to be let in by whoever owns it.
    let rules = Rules { write, ..stage.rules() };
    if rustix::process::geteuid().is_root() {
        let user = fs::metadata(stage.home()).unwrap();
        std::os::unix::fs::chown(&stage.place.own, Some(user.uid()), Some(user.gid())).unwrap();
    }
    shell(stage, rules, "echo made > /run/title/there");
    expect(&fs::read_to_string(stage.place.own.join("there")).unwrap_or_default().trim(), &"made")
}

fn programs(stage: &Stage) -> Result<(), String> {
    let command =
        "echo a b c | tr ' ' '\\n' | sort -r --parallel=2 | head -1; (sleep 0 & wait); mktemp > /dev/null && echo done";
    expect(&shell(stage, stage.rules(), command).as_str(), &"c\ndone")
}

fn who_it_is(stage: &Stage) -> Result<(), String> {
    let command = "id -un; echo $HOME; cat /proc/sys/kernel/hostname; echo $$; ls -d $XDG_RUNTIME_DIR > /dev/null && echo runtime";
    expect(&shell(stage, stage.rules(), command).as_str(), &"player\n/home/player\nplayfield\n3\nruntime")
}

fn ends(stage: &Stage) -> Result<(), String> {
    for code in [0, 1, 7, 255] {
        let status = stage.start(Some(stage.rules()), Act::Exit(code)).wait().unwrap();
        expect(&status.code(), &Some(code))?;
    }
    for signal in [libc::SIGSEGV, libc::SIGABRT, libc::SIGKILL, libc::SIGTERM, libc::SIGILL, libc::SIGXCPU] {
        let status = stage.start(Some(stage.rules()), Act::Die(signal)).wait().unwrap();
        expect(&status.signal(), &Some(signal))?;
    }
    Ok(())
}

/// The pipe of its output ends only when the last process that holds it does.
fn leaves_nothing(stage: &Stage) -> Result<(), String> {
    let mut guest = stage.start(Some(stage.rules()), Act::Leave);
    expect(&rest(&mut guest), &String::new())?;
    expect(&guest.wait().unwrap().code(), &Some(0))
}

fn ready(guest: &mut Child, times: usize) -> Result<(), String> {
    let mut reader = BufReader::new(guest.stdout.as_mut().unwrap());
    for _ in 0..times {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|error| error.to_string())?;
        expect(&line.as_str(), &"ready\n")?;
    }
    Ok(())
}

fn killed_from_outside(stage: &Stage) -> Result<(), String> {
    let mut guest = stage.start(Some(stage.rules()), Act::Wait);
    ready(&mut guest, 1)?;
    guest.kill().unwrap();
    expect(&rest(&mut guest), &String::new())?;
    expect(&guest.wait().unwrap().signal(), &Some(libc::SIGKILL))
}

fn worker_ends(stage: &Stage) -> Result<(), String> {
    let part =
        Part { lacks: stage.lacks.clone(), rules: Some(stage.rules()), place: stage.place.clone(), act: Act::Wait };
    let mut worker = stage.start(None, Act::Orphan(Box::new(part)));
    ready(&mut worker, 1)?;
    worker.kill().unwrap();
    worker.wait().unwrap();
    let mut said = String::new();
    worker.stdout.as_mut().unwrap().read_to_string(&mut said).unwrap();
    expect(&said, &String::new())
}

fn seen_from_outside(stage: &Stage) -> Result<(), String> {
    let bytes = 32 << 20;
    let mut guest = stage.start(Some(stage.rules()), Act::Eat(bytes));
    ready(&mut guest, 3)?;
    let seen = resident(guest.id()).unwrap_or(0);
    guest.kill().unwrap();
    guest.wait().unwrap();
    let taken = 3 * u64::try_from(bytes).unwrap();
    if (taken..taken + (64 << 20)).contains(&seen) { Ok(()) } else { Err(format!("{seen} bytes instead of {taken}")) }
}

fn shared_network(stage: &Stage) -> Result<(), String> {
    let rules = Rules { network: true, ..stage.rules() };
    let attempt = |name: &str| stage.ask(Some(rules.clone()), Act::Try(name.to_owned())).trim().to_owned();
    expect(&attempt("connect to a service of the machine").as_str(), &"allowed")?;
    let report: Report = serde_json::from_str(&stage.ask(Some(rules.clone()), Act::Report)).unwrap();
    let in_force = |kind| report.layers.iter().any(|layer| layer.kind == kind && layer.in_force);
    for name in ["read another session's save", "connect to a socket by its path", "see another session's process"] {
        expect(&attempt(name).starts_with("refused"), &true)?;
    }
    // Abstract sockets belong to the network: Landlock alone fences them then.
    expect(&attempt("connect to an abstract socket").starts_with("refused"), &in_force(LayerKind::Landlock))
}

fn refuses(stage: &Stage) -> Result<(), String> {
    let report: Report = serde_json::from_str(&stage.ask(Some(stage.rules()), Act::Report)).unwrap();
    let rules = Rules { missing: Missing::Refuse, ..stage.rules() };
    let status = stage.start(Some(rules), Act::Exit(7)).wait().unwrap();
    expect(&(status.code() == Some(7)), &report.missing().next().is_none())
}

fn bad_rules(stage: &Stage) -> Result<(), String> {
    for rules in [
        Rules { read: vec!["/there/is/no/such/thing".into()], ..stage.rules() },
        Rules { read: vec!["here".into()], ..stage.rules() },
        Rules { devices: vec!["/dev/no-such-device".into()], ..stage.rules() },
    ] {
        let status = stage.start(Some(rules), Act::Exit(7)).wait().unwrap();
        expect(&status.code(), &Some(REFUSED))?;
    }
    Ok(())
}

fn names_what_is_missing(stage: &Stage) -> Result<(), String> {
    for (call, says) in [
        (libc::SYS_unshare, "cannot be fenced off here: user namespaces are refused here"),
        (
            libc::SYS_mount_setattr,
            "cannot be fenced off here: mounts cannot be closed with all below them before Linux 5.12",
        ),
        (libc::SYS_seccomp, "cannot be fenced off here: seccomp: this kernel does not filter system calls"),
        (libc::SYS_landlock_create_ruleset, "Landlock: this kernel has none"),
    ] {
        let part = Part { lacks: vec![call], rules: Some(stage.rules()), place: stage.place.clone(), act: Act::Report };
        let said = stage.run(&part);
        expect(&said.contains(says), &true).map_err(|_| format!("{said:?} instead of {says:?}"))?;
    }
    Ok(())
}
