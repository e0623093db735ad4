//! `test` and `check`: the parts, in the order in which a mistake is found soonest.

use crate::shell::{Cmd, Failure, exists, text};
use crate::step::{Outcome, Score};
use crate::{deny, docs, play, tidy, titles, toml, tools, web};

type Work = fn() -> Result<Outcome, Failure>;

/// A part of the tests.
struct Part {
    name: &'static str,
    what: &'static str,
    /// `check` does it too.
    fast: bool,
    /// The others make no sense if it fails.
    first: bool,
    work: Work,
}

const fn part(name: &'static str, what: &'static str, work: Work) -> Part {
    Part { name, what, fast: false, first: false, work }
}

const PARTS: &[Part] = &[
    Part { first: true, ..part("tools", "what the build and the tests need is installed", tools_part) },
    Part { fast: true, ..part("fmt", "the code is formatted", fmt) },
    Part { fast: true, ..part("tidy", "the invariants hold", tidy_part) },
    Part { fast: true, ..part("deny", "licences and crates are allowed", deny_part) },
    Part { first: true, ..part("web", "the browser side builds", web_part) },
    part("web-check", "its types are right", web_check),
    part("web-test", "its unit tests", web_test),
    Part { fast: true, ..part("clippy", "no warnings", clippy) },
    part("build", "the binary builds", build),
    part("unit", "all Rust tests but the browser's", unit),
    part("encoders", "the encoders that not every build has", encoders),
    part("titles", "the titles' modules are what their sources make, and play as they did", titles::check),
    part("docs", "the pages do what they say: every command, and the first title in Rust and C", docs_part),
    part("e2e", "the real binary in a real browser", e2e_part),
];

/// All parts, or those named with `--only`.
pub fn test(args: &[String]) -> Result<bool, Failure> {
    if args.iter().any(|arg| arg == "--list") {
        PARTS.iter().for_each(|part| println!("{:10} {}", part.name, part.what));
        return Ok(true);
    }
    let only = only(args)?;
    Ok(run(|part| only.is_empty() || only.contains(&part.name)))
}

/// The fast parts.
pub fn check() -> Result<bool, Failure> {
    Ok(run(|part| part.fast))
}

/// The browser tests alone, with arguments for them.
pub fn e2e(args: &[String]) -> Result<bool, Failure> {
    if !play::build() {
        return Ok(false);
    }
    tools::for_tests()?;
    browser_tests(args).map(|_| true)
}

fn run(wanted: impl Fn(&Part) -> bool) -> bool {
    let mut score = Score::default();
    for part in PARTS.iter().filter(|part| wanted(part)) {
        if !score.step(part.name, part.work) && part.first {
            break;
        }
    }
    score.close()
}

/// The names after each `--only`.
fn only(args: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut names = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let name = match arg.as_str() {
            "--only" => args.next().map(String::as_str),
            other => other.strip_prefix("--only="),
        };
        let name = name.ok_or_else(|| Failure::new(format!("`{arg}` is not understood; use --only PART")))?;
        let part = PARTS.iter().find(|part| part.name == name);
        let unknown = || Failure::new(format!("there is no part `{name}`; --list names them"));
        names.push(part.ok_or_else(unknown)?.name);
    }
    Ok(names)
}

fn done(result: Result<(), Failure>) -> Result<Outcome, Failure> {
    result.map(|()| Outcome::Passed)
}

fn good(result: Result<bool, Failure>) -> Result<Outcome, Failure> {
    if result? { Ok(Outcome::Passed) } else { Err(Failure::new("see above")) }
}

fn tools_part() -> Result<Outcome, Failure> {
    tools::for_build()?;
    done(tools::for_tests())
}

fn fmt() -> Result<Outcome, Failure> {
    done(Cmd::new("cargo fmt --all --check").run())
}

fn tidy_part() -> Result<Outcome, Failure> {
    good(tidy::run())
}

fn deny_part() -> Result<Outcome, Failure> {
    good(deny::run())
}

fn web_part() -> Result<Outcome, Failure> {
    web::install("web")?;
    done(web::build())
}

fn web_check() -> Result<Outcome, Failure> {
    done(Cmd::new("npm run --silent check").dir("web").minutes(5).run())
}

fn web_test() -> Result<Outcome, Failure> {
    done(Cmd::new("npm run --silent test").dir("web").minutes(5).run())
}

fn clippy() -> Result<Outcome, Failure> {
    done(Cmd::new("cargo clippy --release --workspace --all-targets -- -D warnings").run())
}

fn build() -> Result<Outcome, Failure> {
    done(play::binary())
}

fn unit() -> Result<Outcome, Failure> {
    let mut tests = Cmd::new("cargo test --release --workspace");
    if let Some(browser) = browser_package()? {
        tests = tests.args(["--exclude", &browser]);
    }
    done(tests.run())
}

fn encoders() -> Result<Outcome, Failure> {
    let tests = Cmd::new("cargo test --release -p playfield-media --features svt-av1,x264 --lib encode");
    done(tests.minutes(5).run())
}

fn docs_part() -> Result<Outcome, Failure> {
    // Its measurements open a browser.
    web::install("web")?;
    docs::check()
}

fn e2e_part() -> Result<Outcome, Failure> {
    browser_tests(&[])
}

/// The crate of the browser tests, if it is there.
fn browser_package() -> Result<Option<String>, Failure> {
    if !exists("tests/Cargo.toml") {
        return Ok(None);
    }
    let entries = toml::entries(&text("tests/Cargo.toml")?);
    let name = entries.iter().find(|entry| entry.table == "package" && entry.key == "name");
    Ok(name.and_then(|entry| toml::strings(&entry.value).pop()))
}

fn browser_tests(args: &[String]) -> Result<Outcome, Failure> {
    if browser_package()?.is_none() {
        return Ok(Outcome::Skipped("there is no tests/Cargo.toml"));
    }
    let driver = if exists("tests/browser/package.json") { "tests/browser" } else { "web" };
    web::install(driver)?;
    // Of the whole workspace: for one package alone its dependencies have other features, and the Wasm engine is built anew.
    done(Cmd::new("cargo test --release --workspace --test e2e").args(args).minutes(20).run())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_parts_are_taken() {
        let check = |args: &[&str], expect: Result<&[&str], &str>| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            match (only(&args), expect) {
                (Ok(names), Ok(expect)) => assert_eq!(names, expect),
                (Err(failure), Err(expect)) => assert!(failure.to_string().contains(expect), "{failure}"),
                (got, expect) => panic!("{got:?}, not {expect:?}"),
            }
        };
        check(&[], Ok(&[]));
        check(&["--only", "fmt", "--only=e2e"], Ok(&["fmt", "e2e"]));
        check(&["--only", "dance"], Err("no part `dance`"));
        check(&["fmt"], Err("use --only PART"));
    }
}
