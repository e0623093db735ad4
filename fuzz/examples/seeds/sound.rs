//! Sessions of programs that make sound.

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    AuthParams, ChannelMap, ChannelPosition, ChannelVolume, Command, CorkStreamParams, FormatEncoding, FormatInfo,
    GetSinkInfo, LatencyParams, PlaybackStreamParams, Prop, Props, RecordStreamParams, SampleFormat, SampleSpec,
    SetPlaybackStreamBufferAttrParams, SetStreamVolumeParams, SubscriptionMask, UpdateSampleRateParams,
};

use playfield_fuzz::packed;

const COME: u8 = 7;
const COMMAND: u8 = 1;
const SOUND: u8 = 3;
const PASS: u8 = 4;
const READ: u8 = 5;

pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![("plays", plays()), ("records", records()), ("asks", asks()), ("formats", formats())]
}

fn command(seq: u32, command: &Command) -> Vec<u8> {
    let mut bytes = vec![COMMAND];
    // Writing into memory does not fail.
    let _ = command.write_tag_prefixed(seq, &mut bytes, 35);
    bytes
}

fn hello() -> Vec<Vec<u8>> {
    let auth = AuthParams { version: 35, supports_shm: true, supports_memfd: true, cookie: vec![0; 8] };
    let mut props = Props::new();
    props.set(Prop::ApplicationName, c"game");
    vec![vec![COME], command(1, &Command::Auth(auth)), command(2, &Command::SetClientName(props))]
}

fn input(messages: &[Vec<u8>]) -> Vec<u8> {
    packed(messages.iter().map(Vec::as_slice))
}

fn sound(channel: u8, from: u8, frames: usize) -> Vec<u8> {
    let mut bytes = vec![SOUND, channel, from, 0, 0];
    bytes.extend([1, 2, 3, 4].repeat(frames));
    bytes
}

fn spec(format: SampleFormat, channels: u8, sample_rate: u32) -> SampleSpec {
    SampleSpec { format, channels, sample_rate }
}

/// The first client is 1, and its first stream 2.
fn plays() -> Vec<u8> {
    let mut messages = hello();
    let params = PlaybackStreamParams {
        sample_spec: spec(SampleFormat::S16Le, 2, 44_100),
        channel_map: ChannelMap::stereo(),
        cvolume: Some(ChannelVolume::norm(2)),
        ..PlaybackStreamParams::default()
    };
    let attr = BufferAttr { target_length: 1_920, ..BufferAttr::default() };
    let latency = LatencyParams { channel: 2, now: std::time::UNIX_EPOCH };
    messages.extend([
        command(3, &Command::CreatePlaybackStream(params)),
        sound(2, 0, 1_800),
        vec![PASS, 20],
        command(4, &Command::GetPlaybackLatency(latency)),
        sound(2, 2, 100),
        command(5, &Command::SetSinkInputVolume(SetStreamVolumeParams { index: 2, volume: ChannelVolume::norm(1) })),
        command(6, &Command::CorkPlaybackStream(CorkStreamParams { channel: 2, cork: true })),
        command(7, &Command::CorkPlaybackStream(CorkStreamParams { channel: 2, cork: false })),
        command(
            8,
            &Command::SetPlaybackStreamBufferAttr(SetPlaybackStreamBufferAttrParams {
                index: 2,
                buffer_attr: attr,
                adjust_latency: true,
                early_requests: false,
            }),
        ),
        command(9, &Command::UpdatePlaybackStreamSampleRate(UpdateSampleRateParams { index: 2, sample_rate: 22_050 })),
        command(10, &Command::TriggerPlaybackStream(2)),
        command(11, &Command::DrainPlaybackStream(2)),
        vec![PASS, 200],
        vec![READ],
        command(12, &Command::FlushPlaybackStream(2)),
        command(13, &Command::PrebufPlaybackStream(2)),
        command(14, &Command::DeletePlaybackStream(2)),
    ]);
    input(&messages)
}

fn records() -> Vec<u8> {
    let mut messages = hello();
    let params = RecordStreamParams {
        sample_spec: spec(SampleFormat::Float32Le, 1, 16_000),
        channel_map: ChannelMap::mono(),
        ..RecordStreamParams::default()
    };
    messages.extend([
        command(3, &Command::CreateRecordStream(params.clone())),
        command(4, &Command::CreateRecordStream(RecordStreamParams { source_index: Some(0), ..params })),
        vec![PASS, 100],
        vec![READ],
        command(5, &Command::GetRecordLatency(LatencyParams { channel: 2, now: std::time::UNIX_EPOCH })),
        command(6, &Command::CorkRecordStream(CorkStreamParams { channel: 2, cork: true })),
        command(7, &Command::KillSourceOutput(3)),
        vec![READ],
    ]);
    input(&messages)
}

fn asks() -> Vec<u8> {
    let mut messages = hello();
    let questions = [
        Command::Subscribe(SubscriptionMask::ALL),
        Command::GetServerInfo,
        Command::GetSinkInfo(GetSinkInfo { index: None, name: Some(c"playfield".to_owned()) }),
        Command::GetSinkInfoList,
        Command::GetSourceInfoList,
        Command::GetClientInfoList,
        Command::GetSinkInputInfoList,
        Command::GetModuleInfoList,
        Command::LookupSource(c"@DEFAULT_SOURCE@".to_owned()),
        Command::Stat,
        Command::KillClient(1),
    ];
    messages.extend(questions.iter().zip(3..).map(|(question, seq)| command(seq, question)));
    messages.push(vec![READ]);
    input(&messages)
}

fn formats() -> Vec<u8> {
    use ChannelPosition::{FrontCenter, FrontLeft, FrontRight, Lfe, RearLeft, RearRight};
    let mut messages = hello();
    let mut offer = FormatInfo::new(FormatEncoding::Pcm);
    offer.props.set(Prop::FormatRate, c"{\"min\": 8000, \"max\": 96000}");
    offer.props.set(Prop::FormatChannels, c"[1, 2]");
    offer.props.set(Prop::FormatChannelMap, c"\"front-left,aux1\"");
    let surround = ChannelMap::new([FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight]);
    let streams = [
        (spec(SampleFormat::Invalid, 0, 0), ChannelMap::empty(), vec![offer]),
        (spec(SampleFormat::S24In32Be, 6, 96_000), surround, vec![]),
        (spec(SampleFormat::U8, 1, 8_000), ChannelMap::mono(), vec![]),
        (spec(SampleFormat::Ulaw, 1, 1_001), ChannelMap::mono(), vec![]),
    ];
    for (seq, (sample_spec, channel_map, formats)) in (3..).zip(streams) {
        let flags = StreamFlags { start_muted: Some(seq == 3), ..StreamFlags::default() };
        let buffer_attr = BufferAttr { pre_buffering: 0, ..BufferAttr::default() };
        let params =
            PlaybackStreamParams { sample_spec, channel_map, formats, flags, buffer_attr, ..Default::default() };
        messages.push(command(seq, &Command::CreatePlaybackStream(params)));
        messages.push(sound(seq as u8 - 1, 0, 600));
    }
    messages.push(vec![PASS, 30]);
    input(&messages)
}
