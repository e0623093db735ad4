use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::{Duration, UNIX_EPOCH};

use pulseaudio::protocol::props::PropsUpdateMode;
use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    AuthParams, AuthReply, ChannelMap, ChannelPosition, ChannelVolume, ClientInfoList, Command, CommandReply,
    CorkStreamParams, CreatePlaybackStreamReply, CreateRecordStreamReply, DESCRIPTOR_SIZE, FormatEncoding, FormatInfo,
    LatencyParams, PlaybackLatency, PlaybackStreamParams, Prop, ProtocolError, PulseError, RecordStreamParams, Request,
    SampleFormat, SampleSpec, ServerInfo, SetClientNameReply, SetStreamMuteParams, SetStreamVolumeParams,
    SinkInputInfo, SinkInputInfoList, SourceInfoList, SubscriptionEventType, Underflow, UpdateClientProplistParams,
    UpdateSampleRateParams, Volume,
};

use super::*;

const VERSION: u16 = 35;
/// Bytes of a millisecond of the usual stream: 16 bits, stereo, 48 kHz.
const MS: usize = 192;

/// An engine, its clients, and a clock that is told what time it is.
#[derive(Default)]
struct Room {
    engine: Engine,
    now: Now,
    seq: u32,
    answers: BTreeMap<(u32, u32), Vec<u8>>,
    told: Vec<(u32, Command)>,
    recorded: Vec<u8>,
    blocks: Vec<Block>,
    /// What the microphone hears.
    heard: f32,
}

impl Room {
    fn with_client() -> (Room, u32) {
        let mut room =
            Room { now: Now { clock: Duration::from_secs(7), unix: Duration::from_secs(99) }, ..Room::default() };
        let id = room.client();
        (room, id)
    }

    fn client(&mut self) -> u32 {
        let id = self.engine.connect().unwrap();
        let auth = AuthParams { version: VERSION, supports_shm: true, supports_memfd: true, cookie: vec![0; 256] };
        let reply: AuthReply = self.call(id, &Command::Auth(auth)).unwrap();
        assert_eq!(reply, AuthReply { version: VERSION, use_memfd: false, use_shm: false });
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"test");
        let reply: SetClientNameReply = self.call(id, &Command::SetClientName(props)).unwrap();
        assert_eq!(reply.client_id, id);
        id
    }

    fn bytes(&mut self, id: u32, bytes: &[u8]) {
        self.engine.receive(id, bytes, self.now);
        self.read(id);
    }

    /// Sends a command; its answer is kept.
    fn ask(&mut self, id: u32, command: &Command) -> u32 {
        self.seq += 1;
        let mut bytes = Vec::new();
        pulse::write_command_message(&mut bytes, self.seq, command, VERSION).unwrap();
        self.bytes(id, &bytes);
        self.seq
    }

    fn answer<R: CommandReply>(&mut self, id: u32, seq: u32) -> Result<R, PulseError> {
        let bytes = self.answers.remove(&(id, seq)).expect("every command is answered");
        let mut rest = &bytes[..];
        match pulse::read_reply_message(&mut rest, VERSION) {
            Ok((_, reply)) => {
                assert!(rest.is_empty(), "{} bytes too many", rest.len());
                Ok(reply)
            }
            Err(ProtocolError::ServerError(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    fn call<R: CommandReply>(&mut self, id: u32, command: &Command) -> Result<R, PulseError> {
        let seq = self.ask(id, command);
        self.answer(id, seq)
    }

    fn done(&mut self, id: u32, command: &Command) -> Result<(), PulseError> {
        let seq = self.ask(id, command);
        self.acked(id, seq)
    }

    fn acked(&mut self, id: u32, seq: u32) -> Result<(), PulseError> {
        let bytes = self.answers.remove(&(id, seq)).expect("every command is answered");
        match pulse::read_ack_message(&mut &bytes[..]) {
            Ok(_) => Ok(()),
            Err(ProtocolError::ServerError(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    /// Reads all that there is for a client.
    fn read(&mut self, id: u32) {
        let bytes = self.engine.unsent(id).to_vec();
        self.engine.sent(id, bytes.len());
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let head = pulse::read_descriptor(&mut &rest[..]).unwrap();
            let (packet, next) = rest.split_at(DESCRIPTOR_SIZE + head.length as usize);
            let payload = &packet[DESCRIPTOR_SIZE..];
            rest = next;
            if head.channel != u32::MAX {
                self.recorded.extend_from_slice(payload);
                continue;
            }
            let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            match number(1) {
                0 | 2 => drop(self.answers.insert((id, number(6)), packet.to_vec())),
                _ => self.told.push((id, Command::read_tag_prefixed(&mut &payload[..], VERSION).unwrap().1)),
            }
        }
    }

    fn told(&mut self) -> Vec<Command> {
        self.told.drain(..).map(|(_, command)| command).collect()
    }

    fn play(&mut self, id: u32, params: PlaybackStreamParams) -> CreatePlaybackStreamReply {
        self.call(id, &Command::CreatePlaybackStream(params)).unwrap()
    }

    fn write(&mut self, id: u32, channel: u32, sound: &[u8]) {
        let mut bytes = Vec::new();
        pulse::write_memblock(&mut bytes, channel, sound, 0).unwrap();
        self.bytes(id, &bytes);
    }

    /// Lets time pass, and mixes whenever that is due.
    fn pass(&mut self, ms: u64) {
        let until = self.now.clock + Duration::from_millis(ms);
        while let Some(due) = self.engine.due().filter(|due| *due <= until) {
            self.at(due);
            let heard = [self.heard; SAMPLES];
            self.blocks.extend(self.engine.mix(&heard, self.now));
            let all: Vec<u32> = self.engine.clients.keys().copied().collect();
            all.into_iter().for_each(|id| self.read(id));
        }
        self.at(until);
    }

    fn at(&mut self, clock: Duration) {
        let passed = clock.saturating_sub(self.now.clock);
        self.now = Now { clock: self.now.clock + passed, unix: self.now.unix + passed };
    }

    fn samples(&mut self) -> Vec<i16> {
        self.blocks.drain(..).flat_map(|block| block.samples).collect()
    }

    fn latency(&mut self, id: u32, channel: u32) -> PlaybackLatency {
        self.call(id, &Command::GetPlaybackLatency(LatencyParams { channel, now: UNIX_EPOCH })).unwrap()
    }
}

fn usual() -> PlaybackStreamParams {
    PlaybackStreamParams {
        sample_spec: SampleSpec { format: SampleFormat::S16Le, channels: 2, sample_rate: 48_000 },
        channel_map: ChannelMap::stereo(),
        ..PlaybackStreamParams::default()
    }
}

fn with_target(ms: usize) -> PlaybackStreamParams {
    let buffer_attr = BufferAttr { target_length: (ms * MS) as u32, ..BufferAttr::default() };
    PlaybackStreamParams { buffer_attr, ..usual() }
}

/// So many milliseconds of one value.
fn level(ms: usize, value: i16) -> Vec<u8> {
    value.to_le_bytes().repeat(ms * MS / 2)
}

/// Every sample another one.
fn ramp(ms: usize) -> Vec<u8> {
    (0..ms * MS / 2).flat_map(|n| (n as i16).wrapping_mul(7).wrapping_add(1).to_le_bytes()).collect()
}

#[test]
fn what_is_played_comes_out_exactly_and_then_all_is_quiet() {
    let (mut room, id) = Room::with_client();
    let stream = room.play(id, usual());
    assert_eq!(stream.requested_bytes as usize, 40 * MS);
    assert_eq!(room.engine.due(), None);
    let sound = ramp(100);
    room.write(id, stream.channel, &sound[..40 * MS]);
    assert_eq!(room.told(), [Command::Started(stream.channel)]);
    let mut written = 40 * MS;
    while written < sound.len() {
        room.pass(5);
        for command in room.told() {
            let Command::Request(Request { channel, length }) = command else { panic!("{command:?}") };
            let end = sound.len().min(written + length as usize);
            room.write(id, channel, &sound[written..end]);
            written = end;
        }
    }
    let seq = room.ask(id, &Command::DrainPlaybackStream(stream.channel));
    room.pass(200);
    assert_eq!(room.acked(id, seq), Ok(()));
    assert_eq!(room.engine.due(), None);
    // Ten seconds are 480,000 frames: the clock began at seven.
    let places: Vec<u64> = room.blocks.iter().map(|block| block.at).collect();
    assert_eq!(places, (0..20).map(|n| 336_000 + n * 240).collect::<Vec<_>>());
    let expect: Vec<i16> = sound.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(room.samples(), expect);
    // The last thing that it was told is that there is room.
    assert!(room.told().iter().all(|command| matches!(command, Command::Request(_))));
}

/// Milliseconds from the write of a frame until the block that it is in begins, for a stream that is kept as full as it asks.
fn latency_of(params: PlaybackStreamParams) -> (u64, u64) {
    let (mut room, id) = Room::with_client();
    let stream = room.play(id, params);
    let mut writes: Vec<(u64, Duration)> = Vec::new();
    let mut wanted = vec![stream.requested_bytes as usize];
    let mut written = 0;
    for _ in 0..400 {
        for bytes in wanted.drain(..) {
            writes.push((written, room.now.clock));
            room.write(id, stream.channel, &level(1, 1).repeat(bytes.div_ceil(MS))[..bytes]);
            written += bytes as u64 / 4;
        }
        room.pass(1);
        wanted.extend(room.told().iter().filter_map(|command| match command {
            Command::Request(request) => Some(request.length as usize),
            _ => None,
        }));
    }
    let start = room.blocks[0].at;
    let heard = |frame: u64| Duration::from_micros((start + frame) / 240 * 5_000);
    let waits: Vec<u64> = writes[3..].iter().map(|(frame, at)| (heard(*frame) - *at).as_millis() as u64).collect();
    let steady = &waits[..waits.len() - 5];
    (*steady.iter().min().unwrap(), *steady.iter().max().unwrap())
}

#[test]
fn latency_is_what_was_asked_for() {
    let check = |params, expect| assert_eq!(latency_of(params), expect);
    check(usual(), (35, 35));
    check(with_target(20), (20, 20));
    check(with_target(10), (10, 10));
    check(with_target(1), (10, 10));
    check(with_target(100), (85, 85));
}

#[test]
fn the_time_that_a_client_is_told_runs_evenly() {
    let (mut room, id) = Room::with_client();
    let stream = room.play(id, usual());
    let silent = room.latency(id, stream.channel);
    assert!(!silent.playing && silent.sink_usec == 0 && silent.local_time == UNIX_EPOCH);
    assert_eq!(silent.remote_time, UNIX_EPOCH + Duration::from_secs(99));
    room.write(id, stream.channel, &level(40, 1));
    for ms in 0..35 {
        room.pass(u64::from(ms > 0));
        if ms == 0 {
            // The first block is mixed at once.
            room.pass(0);
        }
        let told = room.latency(id, stream.channel);
        let played_us = told.read_offset * 1_000 / MS as i64 - told.sink_usec as i64;
        assert_eq!(played_us, i64::from(ms) * 1_000, "{told:?}");
        assert_eq!((told.playing, told.write_offset), (true, 40 * MS as i64));
        assert_eq!(told.playing_for, told.read_offset as u64);
    }
    room.pass(100);
    let told = room.latency(id, stream.channel);
    assert!(!told.playing && told.underrun_for > 0 && told.playing_for == 0);
}

#[test]
fn streams_are_mixed_and_too_loud_is_cut_off() {
    let (mut room, first) = Room::with_client();
    let second = room.client();
    for (id, value) in [(first, 20_000), (second, -5_000), (second, 32_000)] {
        let stream = room.play(id, usual());
        room.write(id, stream.channel, &level(40, value));
    }
    room.pass(0);
    assert_eq!(room.samples(), [i16::MAX; SAMPLES]);
}

#[test]
fn volumes_are_heard_and_told() {
    let (mut room, id) = Room::with_client();
    let stream = room.play(id, PlaybackStreamParams { cvolume: Some(ChannelVolume::norm(2)), ..with_target(500) });
    room.write(id, stream.channel, &level(500, 16_000));
    let heard = |room: &mut Room, command: &Command, expect: i16| {
        assert_eq!(room.done(id, command), Ok(()));
        room.pass(5);
        let samples = room.samples();
        let got = samples.last().copied().unwrap_or(0);
        assert!((got - expect).abs() <= 1, "{command:?}: {got}");
    };
    let mut half = ChannelVolume::empty();
    half.push(Volume::from_linear(0.5));
    let index = stream.stream_index;
    let mute = |mute| Command::SetSinkInputMute(SetStreamMuteParams { index, mute });
    heard(&mut room, &Command::SetSinkInputVolume(SetStreamVolumeParams { index, volume: half }), 8_000);
    heard(&mut room, &mute(true), 0);
    heard(&mut room, &mute(false), 8_000);
    let params = pulse::SetDeviceVolumeParams { device_index: None, device_name: None, volume: half };
    heard(&mut room, &Command::SetSinkVolume(params), 4_000);
    let params = pulse::SetDeviceMuteParams { device_index: Some(0), device_name: None, mute: true };
    heard(&mut room, &Command::SetSinkMute(params), 0);
    let info: SinkInputInfo = room.call(id, &Command::GetSinkInputInfo(index)).unwrap();
    assert_eq!(info.cvolume.channels(), [half.channels()[0]; 2]);
    let odd = SetStreamVolumeParams { index, volume: ChannelVolume::norm(5) };
    assert_eq!(room.done(id, &Command::SetSinkInputVolume(odd)), Err(PulseError::Invalid));
}

#[test]
fn any_format_rate_and_channels_are_played() {
    use ChannelPosition::*;
    let surround = [FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight, SideLeft, SideRight];
    let maps = [ChannelMap::mono(), ChannelMap::stereo(), ChannelMap::new(surround)];
    for (format, loud) in [
        (SampleFormat::U8, vec![0xc0]),
        (SampleFormat::S16Be, vec![0x40, 0]),
        (SampleFormat::S24Le, vec![0, 0, 0x40]),
        (SampleFormat::S24In32Le, vec![0, 0, 0x40, 0]),
        (SampleFormat::S32Le, vec![0, 0, 0, 0x40]),
        (SampleFormat::Float32Le, 0.5_f32.to_le_bytes().to_vec()),
    ] {
        for (rate, map) in
            [8_000, 11_025, 44_100, 48_000, 96_000, 192_000].into_iter().flat_map(|r| maps.map(|m| (r, m)))
        {
            let (mut room, id) = Room::with_client();
            let sample_spec = SampleSpec { format, channels: map.num_channels(), sample_rate: rate };
            let stream = room.play(id, PlaybackStreamParams { sample_spec, channel_map: map, ..usual() });
            assert_eq!((stream.sample_spec, stream.channel_map), (sample_spec, map));
            let frames = rate as usize * 2 / 5;
            room.write(id, stream.channel, &loud.repeat(frames * usize::from(map.num_channels())));
            room.pass(200);
            // In the middle, where no filter begins or ends.
            let samples = room.samples();
            let middle = samples[samples.len() / 2];
            assert!((middle - 16_384).abs() < 200, "{format:?} {rate} {map:?}: {middle}");
        }
    }
}

#[test]
fn offered_formats_are_chosen_from() {
    let (mut room, id) = Room::with_client();
    let mut pcm = FormatInfo::new(FormatEncoding::Pcm);
    pcm.props.set(Prop::FormatRate, c"44100");
    pcm.props.set(Prop::FormatSampleFormat, c"\"float32le\"");
    let open = |formats| PlaybackStreamParams {
        sample_spec: SampleSpec { format: SampleFormat::Invalid, channels: 0, sample_rate: 0 },
        channel_map: ChannelMap::empty(),
        cvolume: Some(ChannelVolume::norm(32)),
        formats,
        ..PlaybackStreamParams::default()
    };
    let stream = room.play(id, open(vec![FormatInfo::new(FormatEncoding::Ac3Iec61937), pcm]));
    let expect = SampleSpec { format: SampleFormat::Float32Le, channels: 2, sample_rate: 44_100 };
    assert_eq!((stream.sample_spec, stream.format.encoding), (expect, FormatEncoding::Pcm));
    let only = Command::CreatePlaybackStream(open(vec![FormatInfo::new(FormatEncoding::DtsIec61937)]));
    assert_eq!(room.call::<CreatePlaybackStreamReply>(id, &only), Err(PulseError::NotSupported));
    let flags = StreamFlags { fix_rate: true, fix_format: true, fix_channels: true, ..StreamFlags::default() };
    let sample_spec = SampleSpec { format: SampleFormat::U8, channels: 1, sample_rate: 8_000 };
    let stream = room.play(id, PlaybackStreamParams { sample_spec, channel_map: ChannelMap::mono(), flags, ..usual() });
    assert_eq!((stream.sample_spec, stream.channel_map), (usual().sample_spec, ChannelMap::stereo()));
}

#[test]
fn corked_streams_wake_nobody() {
    let (mut room, id) = Room::with_client();
    let flags = StreamFlags { start_corked: true, ..StreamFlags::default() };
    let stream = room.play(id, PlaybackStreamParams { flags, ..usual() });
    room.write(id, stream.channel, &level(40, 9));
    assert_eq!((room.engine.due(), room.told()), (None, vec![]));
    let cork = |cork| Command::CorkPlaybackStream(CorkStreamParams { channel: stream.channel, cork });
    assert_eq!(room.done(id, &cork(false)), Ok(()));
    assert_eq!(room.engine.due(), Some(room.now.clock));
    room.pass(4);
    assert_eq!(room.done(id, &cork(true)), Ok(()));
    assert_eq!(room.engine.due(), None);
    // What was mixed is not played twice: the next block begins where it ends.
    assert_eq!(room.done(id, &cork(false)), Ok(()));
    assert_eq!(room.engine.due(), Some(room.now.clock + Duration::from_millis(1)));
    room.pass(1_000);
    assert_eq!((room.blocks.len(), room.engine.due()), (8, None));
    assert!(room.told().contains(&Command::Underflow(Underflow { channel: stream.channel, offset: 40 * MS as i64 })));
}

#[test]
fn a_late_block_is_made_up_for_and_a_long_pause_is_skipped() {
    let (mut room, id) = Room::with_client();
    let stream = room.play(id, with_target(1_000));
    room.write(id, stream.channel, &level(1_000, 1));
    room.pass(0);
    room.at(room.now.clock + Duration::from_millis(50));
    room.pass(0);
    assert_eq!(room.blocks.len(), 11);
    room.at(room.now.clock + Duration::from_millis(500));
    room.pass(0);
    let places: Vec<u64> = room.blocks.iter().map(|block| block.at - 336_000).collect();
    assert_eq!(places[..11], (0..11).map(|n| n * 240).collect::<Vec<_>>());
    assert_eq!(places[11..], [550 * 48]);
}

#[test]
fn monitor_and_microphone_are_recorded() {
    let (mut room, id) = Room::with_client();
    let record = |name: &str| RecordStreamParams {
        sample_spec: SampleSpec { format: SampleFormat::S16Le, channels: 1, sample_rate: 48_000 },
        channel_map: ChannelMap::mono(),
        source_name: Some(CString::new(name).unwrap()),
        ..RecordStreamParams::default()
    };
    let monitor: CreateRecordStreamReply =
        room.call(id, &Command::CreateRecordStream(record("playfield.monitor"))).unwrap();
    assert_eq!((monitor.sink_index, monitor.buffer_attr.fragment_size), (0, 1_920));
    assert!(!room.engine.records_microphone() && room.engine.due().is_some());
    let stream = room.play(id, usual());
    room.write(id, stream.channel, &level(40, 1_000));
    room.pass(39);
    assert_eq!(room.recorded.len(), 2 * 1_920);
    assert_eq!(room.recorded[..1_920], 1_000_i16.to_le_bytes().repeat(960));
    assert_eq!(room.done(id, &Command::DeleteRecordStream(monitor.channel)), Ok(()));
    room.recorded.clear();
    let microphone: CreateRecordStreamReply =
        room.call(id, &Command::CreateRecordStream(record("@DEFAULT_SOURCE@"))).unwrap();
    assert!(room.engine.records_microphone());
    room.heard = 0.5;
    room.pass(20);
    assert_eq!(room.recorded[..1_920], 16_384_i16.to_le_bytes().repeat(960));
    let cork = CorkStreamParams { channel: microphone.channel, cork: true };
    assert_eq!(room.done(id, &Command::CorkRecordStream(cork)), Ok(()));
    room.pass(100);
    assert_eq!(room.engine.due(), None);
    let odd: Result<CreateRecordStreamReply, _> = room.call(id, &Command::CreateRecordStream(record("webcam")));
    assert_eq!(odd, Err(PulseError::NoEntity));
}

#[test]
fn everybody_hears_what_happens_who_wants_to() {
    let (mut room, id) = Room::with_client();
    assert_eq!(room.done(id, &Command::Subscribe(SubscriptionMask::SINK_INPUT | SubscriptionMask::CLIENT)), Ok(()));
    let other = room.client();
    let stream = room.play(other, usual());
    room.engine.disconnect(other);
    room.read(id);
    use SubscriptionEventFacility::{Client, SinkInput};
    use SubscriptionEventType::{Changed, New, Removed};
    let event = |event_facility, event_type, index| {
        Command::SubscribeEvent(SubscriptionEvent { event_facility, event_type, index: Some(index) })
    };
    let expect = [
        event(Client, New, other),
        event(Client, Changed, other),
        event(SinkInput, New, stream.stream_index),
        event(SinkInput, Removed, stream.stream_index),
        event(Client, Removed, other),
    ];
    assert_eq!(room.told(), expect);
}

#[test]
fn what_is_asked_is_answered() {
    let (mut room, id) = Room::with_client();
    let stream = room.play(id, usual());
    let info: ServerInfo = room.call(id, &Command::GetServerInfo).unwrap();
    assert_eq!(info.default_sink_name.as_deref(), Some(c"playfield"));
    let all: SinkInputInfoList = room.call(id, &Command::GetSinkInputInfoList).unwrap();
    assert_eq!((all.len(), all[0].index, all[0].client_index), (1, stream.stream_index, Some(id)));
    let all: SourceInfoList = room.call(id, &Command::GetSourceInfoList).unwrap();
    assert_eq!(
        all.iter().map(|source| &*source.name).collect::<Vec<_>>(),
        [c"playfield.monitor", c"playfield.microphone"]
    );
    let all: ClientInfoList = room.call(id, &Command::GetClientInfoList).unwrap();
    assert_eq!((all.len(), &*all[0].name), (1, c"test"));
    for (name, expect) in [(c"@DEFAULT_SOURCE@", 1), (c"playfield.monitor", 0), (c"1", 1)] {
        let found: pulse::LookupReply = room.call(id, &Command::LookupSource(name.to_owned())).unwrap();
        assert_eq!(found.0, expect);
    }
    for none in [Command::GetModuleInfoList, Command::GetCardInfoList, Command::GetSampleInfoList] {
        assert_eq!(room.done(id, &none), Ok(()));
    }
    let mut refused = |command: Command, expect| assert_eq!(room.done(id, &command), Err(expect), "{command:?}");
    refused(Command::LookupSink(c"speakers".to_owned()), PulseError::NoEntity);
    refused(Command::LookupSource(c"2".to_owned()), PulseError::NoEntity);
    refused(Command::Exit, PulseError::AccessDenied);
    refused(Command::GetModuleInfo(3), PulseError::NoEntity);
    refused(Command::RemoveSample(c"bell".to_owned()), PulseError::NoEntity);
    refused(Command::DeleteUploadStream(1), PulseError::NotSupported);
    refused(Command::FlushPlaybackStream(999), PulseError::NoEntity);
    refused(Command::Started(1), PulseError::NotSupported);
    let rate = UpdateSampleRateParams { index: stream.channel, sample_rate: 0 };
    refused(Command::UpdatePlaybackStreamSampleRate(rate), PulseError::Invalid);
}

#[test]
fn what_is_not_known_is_an_error_and_not_the_end() {
    let (mut room, id) = Room::with_client();
    for (tag, expect) in
        [(104, PulseError::NotImplemented), (105, PulseError::Command), (4_000_000, PulseError::Command)]
    {
        room.seq += 1;
        let (seq, mut bytes) = (room.seq, vec![0, 0, 0, 10]);
        bytes.extend([0xff; 4]);
        bytes.extend([0; 12]);
        for number in [tag, seq] {
            bytes.push(b'L');
            bytes.extend(u32::to_be_bytes(number));
        }
        room.bytes(id, &bytes);
        assert_eq!(room.acked(id, seq), Err(expect));
    }
    // A length that is not there, in a command that the protocol crate would believe.
    let mut bytes = vec![0, 0, 0, 20];
    bytes.extend([0xff; 4]);
    bytes.extend([0; 12]);
    bytes.extend(b"L\0\0\0\x08L\0\0\0\x09L\0\0\0\x23x\xff\xff\xff\xff");
    room.bytes(id, &bytes);
    assert!(!room.engine.alive(id));
}

#[test]
fn strangers_are_asked_for_their_version_first() {
    let mut room = Room::default();
    let id = room.engine.connect().unwrap();
    assert_eq!(room.done(id, &Command::GetServerInfo), Err(PulseError::AccessDenied));
    let old = AuthParams { version: 21, supports_shm: false, supports_memfd: false, cookie: vec![] };
    assert_eq!(room.call::<AuthReply>(id, &Command::Auth(old)), Err(PulseError::Version));
}

#[test]
fn streams_of_others_are_not_written_to() {
    let (mut room, id) = Room::with_client();
    let other = room.client();
    let stream = room.play(id, usual());
    room.write(other, stream.channel, &level(40, 1));
    assert_eq!(room.engine.due(), None);
    assert_eq!(room.done(other, &Command::DeletePlaybackStream(stream.channel)), Err(PulseError::NoEntity));
    assert_eq!(room.done(id, &Command::DeletePlaybackStream(stream.channel)), Ok(()));
    room.write(id, stream.channel, &level(40, 1));
    assert!(room.engine.alive(id) && room.engine.due().is_none());
}

#[test]
fn there_is_a_bound_to_everything() {
    let (mut room, id) = Room::with_client();
    for _ in 0..MOST_PLAYBACK {
        room.play(id, usual());
    }
    let more = Command::CreatePlaybackStream(usual());
    assert_eq!(room.call::<CreatePlaybackStreamReply>(id, &more), Err(PulseError::TooLarge));
    while room.engine.connect().is_some() {}
    assert_eq!(room.engine.clients.len(), MOST_CLIENTS);
    // Properties.
    for round in 0..100_u32 {
        let mut props = Props::new();
        props.set_bytes(CString::new(format!("key-{round}")).unwrap(), [b'x'; 1_000]);
        let update = UpdateClientProplistParams { mode: PropsUpdateMode::Replace, props };
        let expect = if round < 16 { Ok(()) } else { Err(PulseError::TooLarge) };
        assert_eq!(room.done(id, &Command::UpdateClientProplist(update)), expect, "{round}");
    }
    // What a client does not read.
    let mut bytes = Vec::new();
    pulse::write_command_message(&mut bytes, 1, &Command::GetSinkInputInfoList, VERSION).unwrap();
    let mut most = 0;
    for _ in 0..100_000 {
        if !room.engine.alive(id) {
            break;
        }
        most = most.max(room.engine.unsent(id).len());
        room.engine.receive(id, &bytes, room.now);
    }
    assert!(!room.engine.alive(id) && most <= MOST_UNSENT && !room.engine.listens_to(id));
    assert!(room.engine.playback.is_empty());
}

#[test]
fn who_does_not_read_what_it_records_misses_some() {
    let (mut room, id) = Room::with_client();
    let params = RecordStreamParams {
        sample_spec: usual().sample_spec,
        channel_map: ChannelMap::stereo(),
        source_index: Some(0),
        ..RecordStreamParams::default()
    };
    let _: CreateRecordStreamReply = room.call(id, &Command::CreateRecordStream(params)).unwrap();
    for _ in 0..2_000 {
        room.now.clock = room.engine.due().unwrap();
        room.engine.mix(&[0.0; SAMPLES], room.now);
    }
    let unread = room.engine.unsent(id).len();
    assert!(room.engine.alive(id) && (MOST_UNHEARD..MOST_UNHEARD + 8_192).contains(&unread), "{unread}");
}

#[test]
fn properties_are_removed_by_name() {
    let (mut room, id) = Room::with_client();
    let mut bytes = b"L\0\0\0\x55L\0\0\0\x63tapplication.name\0tnone\0N".to_vec();
    let mut packet = (bytes.len() as u32).to_be_bytes().to_vec();
    packet.extend([0xff; 4]);
    packet.extend([0; 12]);
    packet.append(&mut bytes);
    room.bytes(id, &packet);
    assert_eq!(room.acked(id, 0x63), Ok(()));
    let all: ClientInfoList = room.call(id, &Command::GetClientInfoList).unwrap();
    assert_eq!((&*all[0].name, all[0].props.iter().count()), (c"", 0));
}
