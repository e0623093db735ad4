use super::*;

/// A packet of 10 ms whose second byte tells it from others.
fn packet(name: u8) -> Vec<u8> {
    vec![0xf0, name]
}

/// What becomes of a voice whose packets of 10 ms come at these milliseconds, by number, when it is listened to until all of it
/// is over. A letter a piece of 10 ms: `p` a packet, `-` a loss that is concealed, and for all silence in a row one `_`.
fn heard(arrivals: &[(u64, u64)]) -> String {
    let mut voice = Voice::default();
    let mut text = String::new();
    let end = arrivals.iter().map(|(at, _)| *at).max().unwrap_or(0) + 300;
    let mut due = 0;
    for ms in 0..end {
        for (_, number) in arrivals.iter().filter(|(at, _)| *at == ms) {
            voice.arrive(Time::from_millis(ms), *number, 7_000 + *number as u32 * 480, &packet(*number as u8));
        }
        while due <= ms {
            let next = voice.next(Time::from_millis(ms));
            due += if next == Next::Silence { 5 } else { 10 };
            match next {
                Next::Packet(data) => text.push(char::from(b'a' + data[1] % 26)),
                Next::Lost => text.push('-'),
                Next::Silence if text.ends_with('_') => {}
                Next::Silence => text.push('_'),
            }
        }
    }
    text
}

/// Each of so many comes when it is due, but for those that `when` says otherwise of; none: it does not come.
fn stream(count: u64, when: impl Fn(u64) -> Option<u64>) -> Vec<(u64, u64)> {
    (0..count).filter_map(|number| Some((when(number)?, number))).collect()
}

#[test]
fn packets_are_heard_in_order_once_and_what_is_missing_is_concealed() {
    let check = |what: &str, arrivals: Vec<(u64, u64)>, expect: &str| assert_eq!(heard(&arrivals), expect, "{what}");
    let usual = |n: u64| 40 + n * 10;
    check("all come", stream(8, |n| Some(usual(n))), "_abcdefgh------_");
    check("nobody speaks", Vec::new(), "_");
    check("one is lost", stream(8, |n| (n != 3).then(|| usual(n))), "_abc-efgh------_");
    check("two are lost", stream(8, |n| (n != 3 && n != 4).then(|| usual(n))), "_abc--fgh------_");
    check("two change places", stream(8, |n| Some(usual(n) + if n == 3 { 11 } else { 0 })), "_abcdefgh------_");
    let mut twice = stream(8, |n| Some(usual(n)));
    twice.extend(stream(8, |n| Some(usual(n) + 3)));
    check("each comes twice", twice, "_abcdefgh------_");
    check("one is far too late", stream(8, |n| Some(usual(n) + if n == 3 { 60 } else { 0 })), "_abc-efgh------_");
    // 200 ms of nothing is not concealed to its end.
    check("a long gap", stream(26, |n| (!(3..23).contains(&n)).then(|| usual(n))), "_abc------_xyz------_");
}

#[test]
fn a_stall_is_waited_out_and_loses_nothing_that_can_still_be_heard() {
    // From the tenth on all stand still until the fifteenth is due, and come at once.
    let arrivals = stream(24, |n| Some(if (10..15).contains(&n) { 190 } else { 40 + n * 10 }));
    let text = heard(&arrivals);
    assert!(text.starts_with("_abcdefghij"), "{text}");
    assert!(text.ends_with("pqrstuvwx------_"), "{text}");
    assert!(text.matches('-').count() <= 12, "{text}");
}

/// A voice of packets of 20 ms, listened to by blocks of 5 ms as a program does, for so many seconds.
struct Listener {
    voice: Voice,
    lost: u32,
    /// How long after it was made it is heard, of each packet, in milliseconds.
    delays: Vec<i64>,
    paces: u32,
}

/// `late`: how many microseconds after its time a packet arrives. `drift`: how much faster the speaker's clock is, in millionths.
fn listen(seconds: u64, drift: i64, late: impl Fn(u64) -> u64) -> Listener {
    let mut listener = Listener { voice: Voice::default(), lost: 0, delays: Vec::new(), paces: 0 };
    // In nanoseconds, so that a drift adds up.
    let made = |number: u64| (number as i64 * 20_000_000 * (1_000_000 - drift) / 1_000_000) as u64;
    let mut arrivals: Vec<(u64, u64)> = (0..seconds * 50).map(|n| (made(n) / 1_000 + late(n), n)).collect();
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    // What of the piece is left, in frames, and how much of it is heard in a block.
    let mut left = 0.0;
    // Not to its end, which comes sooner where its clock is fast.
    for block in 0..seconds * 200 - 40 {
        let now = Time::from_micros(block * 5_000);
        while let Some((at, number)) = arrivals.next_if(|(at, _)| *at <= now.as_micros()) {
            let data = [0xf8, 0, number as u8, (number >> 8) as u8];
            listener.voice.arrive(Time::from_micros(at), number, number as u32 * 960, &data);
        }
        left -= match listener.voice.pace() {
            Pace::Same => 240.0,
            Pace::Faster => 242.4,
            Pace::Slower => 237.6,
        };
        listener.paces += u32::from(listener.voice.pace() != Pace::Same);
        while left < 0.0 {
            // What there is of the block is heard before.
            let then = now + Duration::from_micros(((240.0 + left) / 0.048) as u64);
            left += match listener.voice.next(then) {
                Next::Packet(data) => {
                    let number = u64::from(data[2]) + (u64::from(data[3]) << 8);
                    listener.delays.push((then.as_micros() as i64 - (made(number) / 1_000) as i64) / 1_000);
                    960.0
                }
                Next::Lost => {
                    listener.lost += 1;
                    480.0
                }
                Next::Silence => -left,
            };
        }
    }
    listener
}

#[test]
fn the_wait_is_as_long_as_packets_vary_and_no_longer() {
    // Steadily late, or by a pattern that repeats: what counts is how much they differ.
    let check = |what: &str, late: &dyn Fn(u64) -> u64, most_delay: i64, most_lost: u32| {
        let listener = listen(20, 0, late);
        let settled = &listener.delays[listener.delays.len() / 2..];
        let longest = *settled.iter().max().unwrap();
        assert!(longest <= most_delay, "{what}: heard {longest} ms after it was said");
        assert!(listener.lost <= most_lost, "{what}: {} times 10 ms concealed", listener.lost);
    };
    check("a cable", &|_| 1_000, 30, 0);
    check("a far node", &|_| 80_000, 110, 0);
    check("a radio", &|n| 5_000 + n * 7_919 % 10_000, 40, 2);
    check("a bad radio", &|n| 5_000 + n * 7_919 % 40_000, 75, 12);
    // One in five hundred comes 200 ms late: it is lost, and the others are not delayed for it.
    check("a straggler", &|n| if n % 500 == 499 { 200_000 } else { 1_000 }, 50, 20);
}

#[test]
fn clocks_that_drift_apart_are_followed_without_a_loss() {
    for drift in [-500, -100, 100, 500] {
        let listener = listen(120, drift, |n| 3_000 + n * 7_919 % 4_000);
        let range = |part: &[i64]| (*part.iter().min().unwrap(), *part.iter().max().unwrap());
        let (least, most) = range(&listener.delays[100..]);
        assert!((10..=45).contains(&least) && most <= 45, "{drift}: {least} to {most} ms");
        assert!(listener.lost == 0, "{drift}: {}", listener.lost);
        assert!(listener.paces > 0, "{drift}");
    }
}

#[test]
fn what_waits_is_bounded_and_what_is_too_old_is_skipped() {
    let mut voice = Voice::default();
    for number in 0..10_000 {
        voice.arrive(Time::from_millis(number * 10), number, number as u32 * 480, &packet(0));
        assert!(voice.waiting.len() <= MOST_WAITING);
    }
    // Nobody listened for a hundred seconds: what is heard then is of just now.
    let now = Time::from_millis(100_000);
    let mut pieces = 0;
    while voice.next(now) != Next::Silence {
        pieces += 1;
        assert!(pieces < 20);
    }
}

#[test]
fn another_voice_begins_anew() {
    let mut voice = Voice::default();
    voice.arrive(Time::from_millis(0), 60_000, 5, &packet(1));
    voice.arrive(Time::from_millis(10), 3, 3_000_000_000, &packet(2));
    assert_eq!(voice.next(Time::from_millis(40)), Next::Packet(packet(2)));
    // A clock that goes over its end does not.
    let mut voice = Voice::default();
    voice.arrive(Time::from_millis(0), 1, 0xffff_ff00, &packet(1));
    voice.arrive(Time::from_millis(10), 2, 0x0000_00e0, &packet(2));
    assert_eq!(voice.next(Time::from_millis(20)), Next::Packet(packet(1)));
    assert_eq!(voice.next(Time::from_millis(30)), Next::Packet(packet(2)));
}

#[test]
fn the_length_of_a_packet_is_in_its_first_bytes() {
    let check = |packet: &[u8], expect| assert_eq!(frames(packet), expect, "{packet:02x?}");
    check(&[], None);
    check(&[0x00], Some(480));
    check(&[0x18], Some(2_880));
    check(&[0x60], Some(480));
    check(&[0x68], Some(960));
    check(&[0xe0], Some(120));
    check(&[0xf8, 1, 2], Some(960));
    check(&[0xf9], Some(1_920));
    check(&[0xfb], None);
    check(&[0xfb, 0], None);
    check(&[0xfb, 3], Some(2_880));
    check(&[0xfb, 4], None);
    check(&[0x1b, 63], None);
}

#[test]
fn a_voice_is_a_hundred_packets_a_second() {
    let mut allowance = Allowance::default();
    let at = |us: u64| Time::from_micros(5_000_000 + us);
    let burst = (0..1_000).filter(|_| allowance.take(at(0))).count();
    assert_eq!(burst, AT_ONCE as usize);
    let usual = (1..=100).filter(|n| allowance.take(at(n * 10_000))).count();
    assert_eq!(usual, 100);
    let flood = (0..100_000).filter(|n| allowance.take(at(1_000_000 + n * 10))).count();
    assert!((110..=200).contains(&flood), "{flood}");
}
