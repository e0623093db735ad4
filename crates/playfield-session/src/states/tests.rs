use super::*;

fn packed(state: &Snapshot) -> Vec<u8> {
    let mut file = Vec::new();
    fill(&mut file, state, "s 1").unwrap();
    file
}

#[test]
fn what_is_packed_comes_back_and_nothing_else_does() {
    let bytes = (0..100_000u32).map(|n| (n / 1_000) as u8).collect();
    let state = Snapshot { tick: 77, bytes };
    let file = packed(&state);
    assert!(file.len() < 5_000, "{}", file.len());
    assert_eq!(unpack(file.as_slice()).unwrap(), state);
    for length in 0..file.len() {
        assert!(unpack(&file[..length]).is_err(), "cut at {length}");
    }
    for at in 0..file.len() {
        let mut other = file.clone();
        other[at] ^= 1;
        // The tick and the name are for others to check: the file as a whole has a hash.
        assert!(unpack(other.as_slice()).map_or(true, |read| read.bytes == state.bytes), "changed at {at}");
    }
}

#[test]
fn a_state_that_claims_more_than_it_has_or_has_more_than_it_claims_is_damaged() {
    let file = packed(&Snapshot { tick: 1, bytes: vec![7; 1_000] });
    for claimed in [0, 999, 1_001, MOST, MOST + 1, u64::MAX] {
        let mut other = file.clone();
        other[16..24].copy_from_slice(&claimed.to_le_bytes());
        assert!(unpack(other.as_slice()).is_err(), "{claimed}");
    }
}

#[test]
fn a_file_gets_no_longer_than_it_may_and_then_there_is_none() {
    let to = std::env::temp_dir().join(format!("playfield-states-{}", std::process::id()));
    let noise = (0..1u32 << 16).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let taken = |most| Taken {
        session: SessionId::from_entropy([1; 16]),
        state: Snapshot { tick: 5, bytes: Vec::clone(&noise) },
        tick_hz: 60,
        picture: Picture::black(160, 160, PixelFormat::Indexed8),
        maker: "core".to_owned(),
        to: to.clone(),
        most,
        name: "1".to_owned(),
    };
    let refused = keep(&taken(4 << 10)).unwrap_err();
    assert_eq!(refused.why, StateRefusal::TooLarge);
    assert!(!to.exists());
    let facts = keep(&taken(1 << 20)).unwrap();
    assert_eq!((facts.tick, facts.tick_hz, facts.maker.as_str()), (5, 60, "core"));
    assert_eq!(read(&to).unwrap().bytes, noise);
    std::fs::write(&to, b"something else").unwrap();
    assert_eq!(read(&to).unwrap_err().why, StateRefusal::Impossible);
    std::fs::remove_file(to).unwrap();
}

#[test]
fn small_pictures_keep_their_shape_and_stay_small() {
    let check = |(width, height), expect| {
        let small = scaled(&Picture::black(width, height, PixelFormat::Rgb565));
        assert_eq!((small.width, small.height), expect, "{width}x{height}");
    };
    check((160, 160), (144, 144));
    check((160, 144), (160, 144));
    check((320, 240), (192, 144));
    check((1920, 1080), (192, 108));
    check((1080, 1920), (81, 144));
    check((1920, 1), (192, 1));
    check((1, 1), (1, 1));
}

#[test]
fn a_small_pixel_is_the_mean_of_what_it_covers_and_noise_fits_too() {
    let mut picture = Picture::black(384, 288, PixelFormat::Rgba8);
    for (n, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
        pixel.copy_from_slice(if n % 2 == 0 { &[255, 0, 100, 255] } else { &[0, 0, 200, 255] });
    }
    assert_eq!(scaled(&picture).pixels[..3], [127, 0, 150]);
    let mut noise = Picture::black(192, 144, PixelFormat::Rgba8);
    let mut seed = 1u32;
    noise.pixels.iter_mut().for_each(|value| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = (seed >> 24) as u8;
    });
    let png = small(&noise);
    assert!(!png.is_empty() && png.len() <= MAX_STATE_PICTURE, "{}", png.len());
}
