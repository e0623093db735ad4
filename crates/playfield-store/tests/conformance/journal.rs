//! A device's journal: what is in it survives, what is too much goes from its old end.

use std::process::{Command, Stdio};

use playfield_store::journal::Journal;

use crate::folder::Folder;

const ROOM: u64 = 64 << 20;

fn events(from: u64, to: u64) -> Vec<String> {
    (from..=to).map(|seq| format!("event {seq}")).collect()
}

#[tokio::test]
async fn what_was_appended_is_there_after_a_restart_under_the_same_numbers() {
    let folder = Folder::new();
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, ROOM, "first".to_owned()).await.unwrap();
    assert_eq!(journal.append(events(1, 3)).await.unwrap(), 3);
    assert_eq!(journal.append(events(4, 5)).await.unwrap(), 5);
    journal.forget(2).await.unwrap();
    drop(journal);
    let journal = Journal::open(&path, ROOM, "second".to_owned()).await.unwrap();
    assert_eq!(journal.id(), "first", "it is the one that was made");
    let kept: Vec<_> = events(3, 5).into_iter().zip(3..).map(|(event, seq)| (seq, event)).collect();
    assert_eq!(journal.read(0, u64::from(u32::MAX)).await.unwrap(), kept);
    assert_eq!(journal.read(3, 4).await.unwrap(), kept[1..2]);
    journal.forget(5).await.unwrap();
    assert_eq!(journal.append(events(6, 6)).await.unwrap(), 6, "numbers are not used twice");
    let figures = journal.figures().await.unwrap();
    assert_eq!((figures.newest, figures.waiting, figures.dropped), (6, 1, 0));
}

#[tokio::test]
async fn a_full_journal_drops_its_oldest_counts_them_and_stays_as_small() {
    let folder = Folder::new();
    let path = folder.path().join("journal.db");
    let most = 256 << 10;
    let journal = Journal::open(&path, most, "j".to_owned()).await.unwrap();
    let many = 2_000;
    for _ in 0..many {
        journal.append(vec!["x".repeat(1_000)]).await.unwrap();
    }
    let figures = journal.figures().await.unwrap();
    assert_eq!(figures.newest, many);
    assert_eq!(figures.waiting + figures.dropped, many);
    assert!(figures.waiting > 150, "{figures:?}");
    let kept = journal.read(0, many).await.unwrap();
    assert!(kept.iter().map(|(seq, _)| *seq).eq(figures.dropped + 1..=many), "the newest are kept, without a gap");
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size <= most, "{size}");
    let error = journal.append(vec!["x".repeat(1 << 20)]).await.unwrap_err().to_string();
    assert!(error.contains("too big"), "{error}");
}

/// Appends until it is killed, and says what is on the disk. Run by the test below, in a process of its own.
#[tokio::test]
#[ignore = "a part of the test below"]
async fn appends_until_it_is_killed() {
    let Ok(path) = std::env::var("JOURNAL") else { return };
    let journal = Journal::open(path.as_ref(), ROOM, "j".to_owned()).await.unwrap();
    loop {
        println!("on disk {}", journal.append(events(1, 3)).await.unwrap());
    }
}

#[tokio::test]
async fn what_was_said_to_be_on_the_disk_is_there_after_a_kill() {
    use std::io::{BufRead, BufReader};
    let folder = Folder::new();
    let path = folder.path().join("journal.db");
    let mut said = 0;
    for round in 1..=5_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "journal::appends_until_it_is_killed"])
            .env("JOURNAL", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.split_once("on disk ")?.1.parse::<u64>().ok());
        said = numbers.take(10 + 7 * round as usize).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let journal = Journal::open(&path, ROOM, "other".to_owned()).await.unwrap();
    let kept = journal.read(0, u64::from(u32::MAX)).await.unwrap();
    assert!(kept.len() as u64 >= said, "{} {said}", kept.len());
    assert!(kept.iter().map(|(seq, _)| *seq).eq(1..=kept.len() as u64));
    assert_eq!(kept.len() % 3, 0, "all of a call or nothing");
}
