//! Pictures, video files, and what a camera on the network says.

use playfield_fuzz::packed;

/// Video files that `ffmpeg` wrote.
const FILMS: [(&str, &[u8]); 5] = [
    ("mp4", include_bytes!("../../../crates/playfield-media/src/film/tests/clip.mp4")),
    ("b-frames", include_bytes!("../../../crates/playfield-media/src/film/tests/b-frames.mp4")),
    ("avi", include_bytes!("../../../crates/playfield-media/src/film/tests/clip.avi")),
    ("mjpeg", include_bytes!("../../../crates/playfield-media/src/film/tests/clip.mjpeg")),
    ("h264", include_bytes!("../../../crates/playfield-media/src/film/tests/clip.h264")),
];

pub fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut seeds: Vec<_> = FILMS.iter().map(|(name, bytes)| ("film", *name, bytes.to_vec())).collect();
    let mjpeg = FILMS[3].1;
    let one = mjpeg.windows(2).position(|window| window == [0xff, 0xd9]).map_or(mjpeg.len(), |end| end + 2);
    seeds.push(("still", "jpeg", mjpeg[..one].to_vec()));
    seeds.push(("still", "png", PNG.to_vec()));
    seeds.push(("rtsp", "plays", plays("", "rtpmap:96 H264/90000")));
    let login = "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n\
        WWW-Authenticate: Digest realm=\"cam\", nonce=\"7\", opaque=\"8\", qop=\"auth\", algorithm=SHA-256\r\n\r\n";
    seeds.push(("rtsp", "login", plays(login, "rtpmap:96 JPEG/90000")));
    seeds.push(("rtsp", "payloads", payloads()));
    seeds
}

/// A PNG of one pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0,
    0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf,
    0xa4, 0x71, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// From OPTIONS to two pictures.
fn plays(login: &str, map: &str) -> Vec<u8> {
    let from = if login.is_empty() { 2 } else { 3 };
    let sdp = format!(
        "v=0\r\nm=video 0 RTP/AVP 96\r\na={map}\r\na=fmtp:96 sprop-parameter-sets=Z0I=,aM4=\r\na=control:track1\r\n"
    );
    let options = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, GET_PARAMETER\r\n\r\n".to_owned();
    let describe = format!(
        "RTSP/1.0 200 OK\r\nCSeq: {from}\r\nContent-Base: rtsp://cam/live/\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let setup = format!(
        "RTSP/1.0 200 OK\r\nCSeq: {}\r\nSession: 1;timeout=30\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
        from + 1
    );
    let play = format!("RTSP/1.0 200 OK\r\nCSeq: {}\r\n\r\n", from + 2);
    let texts = [options, login.to_owned(), describe, setup, play];
    let mut pieces: Vec<Vec<u8>> = texts.into_iter().filter(|text| !text.is_empty()).map(String::into_bytes).collect();
    for (sequence, payload) in [(1, &[0x65, 0x88, 1][..]), (2, &[0, 0, 0, 0, 1, 50, 2, 1, 9])] {
        let mut data =
            vec![b'$', 0, 0, payload.len() as u8 + 12, 0x80, 0x80 | 96, 0, sequence, 0, 0, 0, sequence, 0, 0, 0, 1];
        data.extend_from_slice(payload);
        pieces.push(data);
    }
    // Time passes: it is kept alive.
    pieces.push(vec![b'\n']);
    packed(pieces.iter().map(Vec::as_slice))
}

/// Payloads of each coding: which, sequence number, time, marker, payload.
fn payloads() -> Vec<u8> {
    let packets: [&[u8]; 9] = [
        &[],
        &[0, 1, 0, 1, 0, 0x7c, 0x85, 1],
        &[0, 2, 0, 1, 1, 0x7c, 0x45, 2],
        &[0, 3, 0, 2, 1, 24, 0, 2, 0x67, 9, 0, 1, 0x68],
        &[1, 1, 0, 1, 0, 98, 1, 0x93, 7],
        &[1, 2, 0, 1, 1, 98, 1, 0x53, 8],
        &[1, 3, 0, 2, 1, 96, 1, 0, 3, 66, 1, 9],
        &[2, 1, 0, 1, 0, 0, 0, 0, 0, 1, 50, 2, 1, 0xaa],
        &[2, 2, 0, 1, 1, 0, 0, 0, 1, 1, 50, 2, 1, 0xbb],
    ];
    packed(packets)
}
