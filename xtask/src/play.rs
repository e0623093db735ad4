//! `play` and `bench`: from a fresh clone to a running product.

use crate::shell::{Cmd, Failure, playfield};
use crate::step::{Outcome, Score};
use crate::{tools, web};

/// Builds everything and serves it. Extra arguments go to `playfield up`.
pub fn run(args: &[String]) -> Result<bool, Failure> {
    if !build() {
        return Ok(false);
    }
    tools::for_play();
    let address = option(args, "--listen").unwrap_or("127.0.0.1:8080");
    println!("serving http://{address} until Ctrl-C");
    let mut up = Cmd::at(playfield()).args(["up"]);
    for (name, value) in [("--titles", "titles"), ("--listen", address)] {
        if option(args, name).is_none() {
            up = up.args([name, value]);
        }
    }
    Err(up.args(args).become_it())
}

/// Builds everything and measures. Arguments go to `playfield bench`.
pub fn bench(args: &[String]) -> Result<bool, Failure> {
    if !build() {
        return Ok(false);
    }
    Err(Cmd::at(playfield()).args(["bench"]).args(args).become_it())
}

/// Tools, web, binary. True: all are there.
pub fn build() -> bool {
    let mut score = Score::default();
    let done = score.step("tools", || tools::for_build().map(|()| Outcome::Passed))
        && score.step("web", || web::build().map(|()| Outcome::Passed))
        && score.step("build", || binary().map(|()| Outcome::Passed));
    if !done {
        score.close();
    }
    done
}

/// The product's binary, with the browser side in it.
pub fn binary() -> Result<(), Failure> {
    Cmd::new("cargo build --release --package playfield").run()
}

/// The value of an option, given as `--name value` or `--name=value`.
fn option<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    let at = args.iter().position(|arg| arg.split('=').next() == Some(name))?;
    match args[at].split_once('=') {
        Some((_, value)) => Some(value),
        None => args.get(at + 1).map(String::as_str),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_in_both_spellings() {
        let args: Vec<String> = ["--data", "d", "--listen=[::1]:9000"].map(str::to_owned).to_vec();
        assert_eq!(option(&args, "--listen"), Some("[::1]:9000"));
        assert_eq!(option(&args, "--data"), Some("d"));
        assert_eq!(option(&args, "--titles"), None);
    }
}
