//! Rollouts on virtual time.

use super::*;

fn fleet(many: u16) -> Vec<Follower> {
    let one = |number: u16| {
        let mut entropy = [0; 16];
        entropy[..2].copy_from_slice(&(number.wrapping_mul(40_503)).to_le_bytes());
        entropy[2..4].copy_from_slice(&number.to_le_bytes());
        Follower {
            device: DeviceId::from_entropy(entropy),
            name: format!("camera {number}"),
            state: DeviceState::Online,
            settled: true,
            trouble: None,
            fps: Some(15.0),
        }
    };
    (0..many).map(one).collect()
}

fn rollout() -> Rollout {
    Rollout::new("street-2".to_owned(), vec![10, 50, 100], 60, 0).unwrap()
}

#[test]
fn each_step_waits_until_all_of_it_were_well_for_a_while() {
    let fleet = fleet(1_000);
    let mut rollout = rollout();
    let first = rollout.begin(&fleet);
    assert!((60..=140).contains(&first.len()), "{}", first.len());
    let mut has = first.len();
    assert_eq!(rollout.judge(0, &fleet), Verdict::Wait);
    assert_eq!(rollout.judge(59_999, &fleet), Verdict::Wait);
    let Verdict::Further(more) = rollout.judge(60_000, &fleet) else { panic!("no further step") };
    has += more.len();
    assert!((430..=570).contains(&has), "{has}");
    assert_eq!(rollout.judge(60_001, &fleet), Verdict::Wait);
    let Verdict::Further(more) = rollout.judge(120_001, &fleet) else { panic!("no further step") };
    assert_eq!(has + more.len(), 1_000);
    assert_eq!(rollout.judge(180_001, &fleet), Verdict::Wait);
    assert_eq!(rollout.judge(180_002, &fleet), Verdict::Wait);
    assert_eq!(rollout.judge(240_001, &fleet), Verdict::Done);
}

#[test]
fn one_that_is_unwell_for_ten_seconds_takes_all_of_them_back() {
    let ill = |change: fn(&mut Follower)| {
        let mut fleet = fleet(200);
        let mut rollout = rollout();
        let first = rollout.begin(&fleet);
        let sick = fleet.iter_mut().find(|follower| follower.device == first[0]).unwrap();
        change(sick);
        let name = sick.name.clone();
        assert_eq!(rollout.judge(1_000, &fleet), Verdict::Wait);
        assert_eq!(rollout.judge(10_999, &fleet), Verdict::Wait);
        let Verdict::Back { devices, why } = rollout.judge(11_000, &fleet) else { panic!("not back") };
        assert_eq!(devices.len(), first.len());
        assert!(why.starts_with(&format!("{name}: ")), "{why}");
        why
    };
    assert!(ill(|follower| follower.state = DeviceState::Broken).contains("does not work"));
    assert!(ill(|follower| follower.trouble = Some("its hash is not the one".to_owned())).contains("hash"));
    assert!(ill(|follower| follower.fps = Some(8.0)).contains("8 pictures a second, and managed 15"));
}

#[test]
fn a_moment_of_weakness_is_forgiven_and_begins_the_wait_anew() {
    let mut fleet = fleet(200);
    let mut rollout = rollout();
    let first = rollout.begin(&fleet);
    let at = fleet.iter().position(|follower| follower.device == first[0]).unwrap();
    fleet[at].state = DeviceState::Broken;
    assert_eq!(rollout.judge(1_000, &fleet), Verdict::Wait);
    fleet[at].state = DeviceState::Online;
    assert_eq!(rollout.judge(9_000, &fleet), Verdict::Wait);
    fleet[at].state = DeviceState::Broken;
    assert_eq!(rollout.judge(12_000, &fleet), Verdict::Wait);
    fleet[at].state = DeviceState::Online;
    assert_eq!(rollout.judge(20_000, &fleet), Verdict::Wait);
    assert_eq!(rollout.judge(79_999, &fleet), Verdict::Wait);
    assert!(matches!(rollout.judge(80_000, &fleet), Verdict::Further(_)));
}

#[test]
fn one_that_is_away_holds_nobody_up_but_somebody_has_to_be_there() {
    let mut fleet = fleet(200);
    let mut rollout = rollout();
    let first = rollout.begin(&fleet);
    for follower in fleet.iter_mut().filter(|follower| first.contains(&follower.device)) {
        (follower.state, follower.settled, follower.fps) = (DeviceState::Offline, true, None);
    }
    assert_eq!(rollout.judge(1_000, &fleet), Verdict::Wait);
    assert_eq!(rollout.judge(1_000_000, &fleet), Verdict::Wait);
    let one = fleet.iter_mut().find(|follower| follower.device == first[0]).unwrap();
    (one.state, one.fps) = (DeviceState::Online, Some(15.0));
    assert_eq!(rollout.judge(1_000_001, &fleet), Verdict::Wait);
    assert!(matches!(rollout.judge(1_060_001, &fleet), Verdict::Further(_)));
}

#[test]
fn few_cameras_may_be_in_no_step_but_the_last() {
    let fleet = fleet(1);
    let mut rollout = rollout();
    let mut devices = rollout.begin(&fleet);
    let (mut now, mut steps) = (0, 0);
    loop {
        match rollout.judge(now, &fleet) {
            Verdict::Wait => now += 1_000,
            Verdict::Further(more) => {
                steps += 1;
                devices.extend(more);
            }
            Verdict::Done => break,
            Verdict::Back { why, .. } => panic!("{why}"),
        }
    }
    assert_eq!((devices.len(), steps), (1, 2));
}

#[test]
fn steps_that_lead_nowhere_are_refused() {
    for steps in [vec![], vec![0, 100], vec![50], vec![50, 50, 100], vec![100, 50], vec![10, 110]] {
        assert!(Rollout::new("a".to_owned(), steps.clone(), 1, 0).is_err(), "{steps:?}");
    }
    assert!(Rollout::new("a".to_owned(), vec![100], 0, 0).is_err());
    assert!(Rollout::new("a".to_owned(), vec![100], 1, 0).is_ok());
}

#[test]
fn a_camera_has_the_release_of_its_step() {
    let fleet = fleet(100);
    let mut channel = Channel {
        kind: Kind::Model,
        name: "street".to_owned(),
        channel: "stable".to_owned(),
        release: "street-1".to_owned(),
        rollout: None,
        last: None,
    };
    assert!(fleet.iter().all(|follower| channel.release_for(&follower.device) == "street-1"));
    channel.rollout = Some(rollout());
    let new = fleet.iter().filter(|follower| channel.release_for(&follower.device) == "street-2").count();
    assert!((1..50).contains(&new), "{new}");
    assert_eq!(follows("street@stable"), Some(("street", "stable")));
    assert_eq!(follows("street"), None);
}
