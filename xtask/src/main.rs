//! All automation of the house, in plain Rust: no shell scripts to port, nothing to install to read it.
//!
//! ```text
//!   cargo xtask play      tools -> web -> build -> playfield up        (play)
//!   cargo xtask test      everything .ci/run runs                      (plan)
//!   cargo xtask check     the fast half of it
//!   cargo xtask tidy      the invariants of ARCHITECTURE.md            (tidy)
//!   cargo xtask deny      licences and bans, from deny.toml            (deny)
//! ```
//!
//! Each command is a row of *steps*; a step prints its name and how long it took, and the last line counts them.
#![forbid(unsafe_code)]

mod deny;
mod dist;
mod docs;
mod fuzz;
mod peers;
mod plan;
mod play;
mod shell;
mod step;
mod tidy;
mod titles;
mod toml;
mod tools;
mod web;

use std::process::ExitCode;

use shell::Failure;

const HELP: &str = "\
cargo xtask COMMAND

  play [ARGS]      check tools, build everything, serve http://localhost:8080; ARGS go to `playfield up`
  test             all checks and all tests; `--only PART` for one part (may be repeated), `--list` names them
  check            the fast parts: fmt, tidy, deny, clippy
  web              build the browser side, if anything changed
  e2e [ARGS]       build, then the tests in a real browser; ARGS go to `cargo test`
  bench ARGS       build, then `playfield bench ARGS`
  peers [ARGS]     build, then measure beside what one would take instead: FFmpeg, GStreamer, xpra, TigerVNC; `--help` says more
  titles [ARGS]    rebuild the modules of the titles and edge apps in the tree; `--check` compares only
  docs [PAGE...]   do what the pages say, in fresh folders; `--write` makes the first title's pictures anew
  fuzz [TARGET...] bytes nobody thought of, against every parser; `--minutes N` in all (60), `--addresses` for unsafe code
  tidy             the invariants a program can check
  deny             licences and banned crates
  dist             an archive to install elsewhere, under target/dist
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = args.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    match run(command, rest) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("xtask {command}: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// True: all went well.
fn run(command: &str, args: &[String]) -> Result<bool, Failure> {
    match command {
        "play" => play::run(args),
        "test" => plan::test(args),
        "check" => plan::check(),
        "web" => web::build().map(|()| true),
        "e2e" => plan::e2e(args),
        "bench" => play::bench(args),
        "peers" => peers::run(args),
        "titles" => titles::run(args).map(|()| true),
        "docs" => docs::run(args).map(|()| true),
        "fuzz" => fuzz::run(args),
        "tidy" => tidy::run(),
        "deny" => deny::run(),
        "dist" => dist::run().map(|()| true),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(true)
        }
        other => Err(Failure::new(format!("there is no such command as `{other}`\n\n{HELP}"))),
    }
}
