//! What clients may ask about: the server, its sink and sources, and who uses them.

use std::ffi::{CStr, CString};

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};
use pulseaudio::protocol::{
    ChannelMap, ClientInfo, ClientInfoList, Command, CommandReply, Prop, Props, PulseError, SampleFormat, SampleSpec,
    ServerInfo, SinkFlags, SinkInfo, SinkInputInfo, SinkState, SourceFlags, SourceInfo, SourceOutputInfo, SourceState,
    StatInfo, Volume,
};

use super::commands::{Answer, Call, Outcome, index_of, sink, source};
use super::{BLOCK_US, Client, Engine};
use crate::desktop::sound::format::Layout;
use crate::desktop::sound::playback::Playback;
use crate::desktop::sound::record::{Record, Source};

pub(super) const SINK: u32 = 0;
pub(super) const MONITOR: u32 = 0;
pub(super) const MICROPHONE: u32 = 1;
pub(super) const SINK_NAME: &CStr = c"playfield";
pub(super) const MONITOR_NAME: &CStr = c"playfield.monitor";
pub(super) const MICROPHONE_NAME: &CStr = c"playfield.microphone";

/// What the sink and the sources are made of.
pub(super) const SPEC: SampleSpec =
    SampleSpec { format: SampleFormat::S16Le, channels: CHANNELS as u8, sample_rate: SAMPLE_RATE };

impl Engine {
    /// Answers a question. None: this is none of these.
    pub(super) fn describe(&mut self, call: Call, command: &Command) -> Option<Outcome> {
        let found = match command {
            Command::GetServerInfo => self.give(call, Some(server())),
            Command::Stat => self.give(call, Some(StatInfo::default())),
            Command::GetSinkInfo(p) => {
                let info = sink(p.index, p.name.as_deref()).map(|_| self.sink_info());
                self.give(call, info)
            }
            Command::GetSinkInfoList => self.give(call, Some(vec![self.sink_info()])),
            Command::GetSourceInfo(p) => {
                let info = source(p.index, p.name.as_deref()).map(|source| self.source_info(source));
                self.give(call, info)
            }
            Command::GetSourceInfoList => {
                let all = [Source::Monitor, Source::Microphone].map(|source| self.source_info(source));
                self.give(call, Some(all.to_vec()))
            }
            Command::GetClientInfo(id) => {
                let info = self.clients.get(id).map(|client| client_info(*id, client));
                self.give(call, info)
            }
            Command::GetClientInfoList => {
                let all: ClientInfoList = self.clients.iter().map(|(id, client)| client_info(*id, client)).collect();
                self.give(call, Some(all))
            }
            Command::GetSinkInputInfo(at) => {
                let info = self.playback.get(at).map(|stream| input_info(*at, stream));
                self.give(call, info)
            }
            Command::GetSinkInputInfoList => {
                let all: Vec<_> = self.playback.iter().map(|(at, stream)| input_info(*at, stream)).collect();
                self.give(call, Some(all))
            }
            Command::GetSourceOutputInfo(at) => {
                let info = self.record.get(at).map(|stream| output_info(*at, stream));
                self.give(call, info)
            }
            Command::GetSourceOutputInfoList => {
                let all: Vec<_> = self.record.iter().map(|(at, stream)| output_info(*at, stream)).collect();
                self.give(call, Some(all))
            }
            // There are none: an answer without anything in it.
            Command::GetModuleInfoList | Command::GetCardInfoList | Command::GetSampleInfoList => {
                return Some(Ok(Answer::Done));
            }
            _ => return None,
        };
        Some(found)
    }

    fn give<R: CommandReply>(&mut self, call: Call, reply: Option<R>) -> Outcome {
        self.reply(call.client, call.seq, &reply.ok_or(PulseError::NoEntity)?);
        Ok(Answer::Given)
    }

    fn sink_info(&self) -> SinkInfo {
        let runs = self.playback.values().any(Playback::runs);
        SinkInfo {
            index: SINK,
            name: SINK_NAME.to_owned(),
            description: Some(c"Playfield".to_owned()),
            props: device(c"Playfield", c"sound"),
            state: if runs { SinkState::Running } else { SinkState::Idle },
            sample_spec: SPEC,
            channel_map: ChannelMap::stereo(),
            cvolume: self.sink.volume,
            muted: self.sink.muted,
            monitor_source_index: Some(MONITOR),
            monitor_source_name: Some(MONITOR_NAME.to_owned()),
            flags: SinkFlags::LATENCY | SinkFlags::DECIBEL_VOLUME,
            actual_latency: if runs { BLOCK_US } else { 0 },
            configured_latency: BLOCK_US,
            driver: Some(c"playfield".to_owned()),
            base_volume: Volume::NORM,
            volume_steps: Some(STEPS),
            formats: vec![Layout { spec: SPEC, map: ChannelMap::stereo() }.offer()],
            ..SinkInfo::default()
        }
    }

    fn source_info(&self, source: Source) -> SourceInfo {
        let (name, description, device_of) = match source {
            Source::Monitor => (MONITOR_NAME, c"Monitor of Playfield", &self.monitor),
            Source::Microphone => (MICROPHONE_NAME, c"Microphone of the player", &self.microphone),
        };
        let monitor = source == Source::Monitor;
        let runs = self.record.values().any(|stream| stream.source == source && !stream.corked);
        SourceInfo {
            index: index_of(source),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            props: device(description, if monitor { c"monitor" } else { c"sound" }),
            state: if runs { SourceState::Running } else { SourceState::Idle },
            sample_spec: SPEC,
            channel_map: ChannelMap::stereo(),
            cvolume: device_of.volume,
            muted: device_of.muted,
            base_volume: Volume::NORM,
            volume_steps: Some(STEPS),
            monitor_of_sink_index: monitor.then_some(SINK),
            monitor_of_sink_name: monitor.then(|| SINK_NAME.to_owned()),
            flags: SourceFlags::LATENCY | SourceFlags::DECIBEL_VOLUME,
            configured_latency: BLOCK_US,
            driver: Some(c"playfield".to_owned()),
            formats: vec![Layout { spec: SPEC, map: ChannelMap::stereo() }.offer()],
            ..SourceInfo::default()
        }
    }
}

/// Steps from silence to full volume: every one that there is.
const STEPS: u32 = 65_537;

fn server() -> ServerInfo {
    ServerInfo {
        // Some programs look at the name before they use the protocol.
        server_name: Some(c"pulseaudio".to_owned()),
        server_version: Some(c"16.1 (Playfield)".to_owned()),
        user_name: Some(c"player".to_owned()),
        host_name: Some(c"playfield".to_owned()),
        sample_spec: SPEC,
        cookie: 0x504c_4159,
        default_sink_name: Some(SINK_NAME.to_owned()),
        default_source_name: Some(MICROPHONE_NAME.to_owned()),
        channel_map: ChannelMap::stereo(),
    }
}

fn device(description: &CStr, class: &CStr) -> Props {
    let mut props = Props::new();
    props.set(Prop::DeviceDescription, description);
    props.set(Prop::DeviceClass, class);
    props
}

/// A property that is text.
fn text(props: &Props, prop: Prop) -> CString {
    props.get(prop).and_then(|value| CStr::from_bytes_until_nul(value).ok()).unwrap_or_default().to_owned()
}

fn client_info(index: u32, client: &Client) -> ClientInfo {
    ClientInfo {
        index,
        name: text(&client.props, Prop::ApplicationName),
        driver: Some(c"playfield".to_owned()),
        props: client.props.clone(),
        ..ClientInfo::default()
    }
}

fn input_info(index: u32, stream: &Playback) -> SinkInputInfo {
    SinkInputInfo {
        index,
        name: stream.about.name.clone(),
        client_index: Some(stream.about.client),
        sink_index: SINK,
        sample_spec: stream.layout.spec,
        channel_map: stream.layout.map,
        cvolume: stream.volume(),
        buffer_latency: stream.waiting_us(),
        sink_latency: BLOCK_US,
        driver: Some(c"playfield".to_owned()),
        props: stream.about.props.clone(),
        muted: stream.muted,
        corked: stream.corked(),
        has_volume: true,
        volume_writable: true,
        format: stream.layout.offer(),
        ..SinkInputInfo::default()
    }
}

fn output_info(index: u32, stream: &Record) -> SourceOutputInfo {
    SourceOutputInfo {
        index,
        name: stream.about.name.clone(),
        client_index: Some(stream.about.client),
        source_index: index_of(stream.source),
        sample_spec: stream.layout.spec,
        channel_map: stream.layout.map,
        cvolume: stream.volume(),
        source_latency: BLOCK_US,
        driver: Some(c"playfield".to_owned()),
        props: stream.about.props.clone(),
        muted: stream.muted,
        corked: stream.corked,
        has_volume: true,
        volume_writable: true,
        format: stream.layout.offer(),
        ..SourceOutputInfo::default()
    }
}
