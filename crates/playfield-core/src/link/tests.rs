//! Links on virtual cuts: nothing lost, nothing twice, in order.

use super::*;
use crate::sim::Random;

#[test]
fn what_a_cut_link_delivers_is_all_of_it_once_and_in_order() {
    for seed in 0..200 {
        let mut rng = Random::new(seed);
        let (mut newest, mut database) = (0_u64, Vec::new());
        let mut position = Position::default();
        while database.len() < 2_000 {
            // A connection: the device learns how far the other side is.
            position = position.open("a");
            let mut window = Window::new(position.stored);
            let (mut wire, mut answers) = (Vec::new(), Vec::new());
            for _ in 0..rng.below(40) {
                newest += rng.below(30);
                if let Some(range) = window.next(newest, 64) {
                    window.sent(*range.end());
                    wire.extend(range);
                }
                let come = rng.below(wire.len() as u64 + 1) as usize;
                for seq in wire.drain(..come) {
                    if position.take(seq) == Taken::New {
                        database.push(seq);
                    }
                }
                answers.push(position.stored);
                if rng.below(2) == 0 {
                    answers.drain(..).for_each(|seq| assert!(window.stored(seq) <= position.stored));
                }
            }
            // The cut: what is on the wire is gone.
        }
        assert!(database.iter().copied().eq(1..=database.len() as u64), "seed {seed}");
        assert_eq!(position.lost, 0);
    }
}

#[test]
fn a_database_that_is_gone_back_to_is_filled_again() {
    let mut window = Window::new(7);
    assert_eq!(window.next(9, 64), Some(8..=9));
    window.sent(9);
    assert_eq!(window.stored(1_000), 9, "what was never sent cannot be stored");
    assert_eq!(Window::new(3).next(9, 64), Some(4..=9));
}

#[test]
fn no_more_is_under_way_than_the_window() {
    let mut window = Window::new(0);
    let mut last = 0;
    while let Some(range) = window.next(u64::MAX, 64) {
        last = *range.end();
        window.sent(last);
    }
    assert_eq!(last, 512);
    window.stored(10);
    assert_eq!(window.next(u64::MAX, 64), Some(513..=522));
}

#[test]
fn what_a_full_journal_dropped_is_counted() {
    let mut position = Position::default().open("a");
    assert_eq!(position.take(1), Taken::New);
    assert_eq!(position.take(5), Taken::New);
    assert_eq!(position.take(4), Taken::Known);
    assert_eq!((position.stored, position.lost), (5, 3));
    let position = position.open("b");
    assert_eq!((position.stored, position.lost), (0, 3), "another journal begins anew");
}

#[test]
fn a_package_stays_in_its_folder() {
    let package = |paths: &[&str]| Package {
        files: paths
            .iter()
            .map(|path| PackageFile { path: (*path).to_owned(), hash: FileHash::new([1; 32]), bytes: 1 })
            .collect(),
    };
    package(&["model.toml", "weights/street.onnx"]).check().unwrap();
    for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", ".hidden", "a/.b", "a\\b", "a b", "ü"] {
        assert!(package(&[bad]).check().is_err(), "{bad}");
    }
    assert!(package(&["a", "a"]).check().is_err());
    assert!(package(&["a", "a/b"]).check().is_err());
    let mut large = package(&["a", "b"]);
    large.files[0].bytes = u64::MAX;
    assert_eq!(large.check(), Err(PackageError::Large));
}

#[test]
fn an_address_to_join_at_survives_text_and_a_wrong_one_is_named() {
    let hash = "ab".repeat(32);
    for address in
        ["https://10.0.0.5:8443/cameras/join#K7QM-3XFD".to_owned(), format!("https://h/cameras/join#c.{hash}")]
    {
        assert_eq!(Invitation::parse(&address).unwrap().reveal(), address);
    }
    for bad in
        ["", "K7QM", "https://host/join", "ftp://host/#c", "https:///#c", "https://host/#", "https://host/#c.xyz"]
    {
        assert!(Invitation::parse(bad).unwrap_err().contains("https://HOST:PORT"), "{bad}");
    }
    let shown = Invitation::parse("https://h/cameras/join#secret").unwrap();
    assert!(!format!("{shown} {shown:?}").contains("secret"));
}
