//! What clients may ask for their streams.

use std::ffi::CString;
use std::time::{Duration, UNIX_EPOCH};

use pulseaudio::protocol::props::PropsUpdateMode;
use pulseaudio::protocol::stream::StreamFlags;
use pulseaudio::protocol::{
    ChannelMap, ChannelVolume, Command, CreatePlaybackStreamReply, CreateRecordStreamReply, FormatInfo, LatencyParams,
    MoveStreamParams, PlaybackLatency, PlaybackStreamParams, Prop, Props, PulseError, RecordLatency,
    RecordStreamParams, SampleSpec, SetPlaybackStreamBufferAttrReply, SetRecordStreamBufferAttrReply,
    SubscriptionEventFacility as Facility, UpdatePropsParams,
};

use super::commands::{Answer, Call, NUMBER, Outcome, index_of, remove, sink, source, update};
use super::describe::{MICROPHONE_NAME, MONITOR_NAME, SINK, SINK_NAME, SPEC};
use super::{BLOCK_US, Engine, Event, MOST_PLAYBACK, MOST_RECORD};
use crate::desktop::sound::format::Layout;
use crate::desktop::sound::playback::{About, Playback};
use crate::desktop::sound::record::{Record, Source};

impl Engine {
    pub(super) fn stream_command(&mut self, call: Call, command: Command, payload: &[u8]) -> Outcome {
        let client = call.client;
        match command {
            Command::CreatePlaybackStream(p) => self.create_playback(call, p),
            Command::CreateRecordStream(p) => self.create_record(call, p),
            Command::DeletePlaybackStream(at) => {
                self.own_playback(client, at).ok_or(PulseError::NoEntity)?;
                self.delete_playback(at)
            }
            Command::DeleteRecordStream(at) => {
                self.own_record(client, at).ok_or(PulseError::NoEntity)?;
                self.delete_record(at)
            }
            Command::KillSinkInput(at) => {
                let owner = self.playback.get(&at).ok_or(PulseError::NoEntity)?.about.client;
                self.send(owner, &Command::PlaybackStreamKilled(at));
                self.delete_playback(at)
            }
            Command::KillSourceOutput(at) => {
                let owner = self.record.get(&at).ok_or(PulseError::NoEntity)?.about.client;
                self.send(owner, &Command::RecordStreamKilled(at));
                self.delete_record(at)
            }
            Command::DrainPlaybackStream(at) => self.on_playback(client, at, |stream, events| {
                stream.drain(call.seq, events).then_some(Answer::Given).ok_or(PulseError::TooLarge)
            }),
            Command::FlushPlaybackStream(at) => self.on_playback(client, at, |stream, events| {
                stream.flush(events);
                Ok(Answer::Done)
            }),
            Command::TriggerPlaybackStream(at) => self.on_playback(client, at, |stream, events| {
                stream.trigger(events);
                Ok(Answer::Done)
            }),
            Command::PrebufPlaybackStream(at) => self.on_playback(client, at, |stream, _| {
                stream.prebuffer();
                Ok(Answer::Done)
            }),
            Command::CorkPlaybackStream(p) => {
                let done = self.on_playback(client, p.channel, |stream, events| {
                    stream.cork(p.cork, events);
                    Ok(Answer::Done)
                })?;
                self.changed(Facility::SinkInput, p.channel);
                Ok(done)
            }
            Command::CorkRecordStream(p) => {
                self.own_record(client, p.channel).ok_or(PulseError::NoEntity)?.corked = p.cork;
                self.changed(Facility::SourceOutput, p.channel);
                Ok(Answer::Done)
            }
            Command::FlushRecordStream(at) => {
                self.own_record(client, at).ok_or(PulseError::NoEntity)?.flush();
                Ok(Answer::Done)
            }
            Command::GetPlaybackLatency(p) => self.playback_latency(call, p),
            Command::GetRecordLatency(p) => self.record_latency(call, p),
            other => self.adjust(call, other, payload),
        }
    }

    /// Settings of streams that exist.
    fn adjust(&mut self, call: Call, command: Command, payload: &[u8]) -> Outcome {
        let Call { client, seq, .. } = call;
        let (facility, index) = match command {
            Command::SetPlaybackStreamBufferAttr(p) => {
                let stream = self.own_playback(client, p.index).ok_or(PulseError::NoEntity)?;
                stream.set_attr(&p.buffer_attr);
                let buffer_attr = stream.attr;
                self.reply(
                    client,
                    seq,
                    &SetPlaybackStreamBufferAttrReply { buffer_attr, configured_sink_latency: BLOCK_US },
                );
                // What it wants more is asked for after the answer.
                self.on_playback(client, p.index, |_, _| Ok(Answer::Given))?;
                return Ok(Answer::Given);
            }
            Command::SetRecordStreamBufferAttr(p) => {
                let stream = self.own_record(client, p.index).ok_or(PulseError::NoEntity)?;
                stream.set_attr(&p.buffer_attr);
                let buffer_attr = stream.attr;
                self.reply(
                    client,
                    seq,
                    &SetRecordStreamBufferAttrReply { buffer_attr, configured_source_latency: BLOCK_US },
                );
                return Ok(Answer::Given);
            }
            Command::UpdatePlaybackStreamSampleRate(p) => {
                let stream = self.own_playback(client, p.index).ok_or(PulseError::NoEntity)?;
                re_rate(stream.layout, p.sample_rate, |rate| stream.set_rate(rate))?;
                (Facility::SinkInput, p.index)
            }
            Command::UpdateRecordStreamSampleRate(p) => {
                let stream = self.own_record(client, p.index).ok_or(PulseError::NoEntity)?;
                re_rate(stream.layout, p.sample_rate, |rate| stream.set_rate(rate))?;
                (Facility::SourceOutput, p.index)
            }
            Command::SetPlaybackStreamName(p) => {
                let about = &mut self.own_playback(client, p.index).ok_or(PulseError::NoEntity)?.about;
                rename(about, p.name)?;
                (Facility::SinkInput, p.index)
            }
            Command::SetRecordStreamName(p) => {
                let about = &mut self.own_record(client, p.index).ok_or(PulseError::NoEntity)?.about;
                rename(about, p.name)?;
                (Facility::SourceOutput, p.index)
            }
            Command::UpdatePlaybackStreamProplist(UpdatePropsParams { index, mode, props }) => {
                let about = &mut self.own_playback(client, index).ok_or(PulseError::NoEntity)?.about;
                update(&mut about.props, mode, props)?;
                (Facility::SinkInput, index)
            }
            Command::UpdateRecordStreamProplist(UpdatePropsParams { index, mode, props }) => {
                let about = &mut self.own_record(client, index).ok_or(PulseError::NoEntity)?.about;
                update(&mut about.props, mode, props)?;
                (Facility::SourceOutput, index)
            }
            Command::RemovePlaybackStreamProplist(index) => {
                let about = &mut self.own_playback(client, index).ok_or(PulseError::NoEntity)?.about;
                remove(&mut about.props, &payload[3 * NUMBER..])?;
                (Facility::SinkInput, index)
            }
            Command::RemoveRecordStreamProplist(index) => {
                let about = &mut self.own_record(client, index).ok_or(PulseError::NoEntity)?.about;
                remove(&mut about.props, &payload[3 * NUMBER..])?;
                (Facility::SourceOutput, index)
            }
            other => self.adjust_any(other)?,
        };
        self.changed(facility, index);
        Ok(Answer::Done)
    }

    /// What may be done to streams of others too.
    fn adjust_any(&mut self, command: Command) -> Result<(Facility, u32), PulseError> {
        let fits = |fits: bool| if fits { Ok(()) } else { Err(PulseError::Invalid) };
        match command {
            Command::SetSinkInputVolume(p) => {
                fits(self.playback.get_mut(&p.index).ok_or(PulseError::NoEntity)?.set_volume(p.volume))?;
                Ok((Facility::SinkInput, p.index))
            }
            Command::SetSinkInputMute(p) => {
                self.playback.get_mut(&p.index).ok_or(PulseError::NoEntity)?.muted = p.mute;
                Ok((Facility::SinkInput, p.index))
            }
            Command::SetSourceOutputVolume(p) => {
                fits(self.record.get_mut(&p.index).ok_or(PulseError::NoEntity)?.set_volume(p.volume))?;
                Ok((Facility::SourceOutput, p.index))
            }
            Command::SetSourceOutputMute(p) => {
                self.record.get_mut(&p.index).ok_or(PulseError::NoEntity)?.muted = p.mute;
                Ok((Facility::SourceOutput, p.index))
            }
            Command::MoveSinkInput(MoveStreamParams { index, device_index, device_name }) => {
                let index = index.filter(|at| self.playback.contains_key(at)).ok_or(PulseError::NoEntity)?;
                // There is one sink, and the stream is there.
                sink(device_index, device_name.as_deref()).ok_or(PulseError::NoEntity)?;
                Ok((Facility::SinkInput, index))
            }
            Command::MoveSourceOutput(MoveStreamParams { index, device_index, device_name }) => {
                let to = source(device_index, device_name.as_deref()).ok_or(PulseError::NoEntity)?;
                let index = index.ok_or(PulseError::NoEntity)?;
                self.record.get_mut(&index).ok_or(PulseError::NoEntity)?.source = to;
                Ok((Facility::SourceOutput, index))
            }
            _ => Err(PulseError::NotSupported),
        }
    }

    /// Does something to a client's stream, and tells it what came of it.
    fn on_playback(
        &mut self,
        client: u32,
        at: u32,
        work: impl FnOnce(&mut Playback, &mut Vec<Event>) -> Outcome,
    ) -> Outcome {
        let mut events = std::mem::take(&mut self.events);
        let outcome = match self.own_playback(client, at) {
            Some(stream) => {
                let outcome = work(stream, &mut events);
                events.extend(stream.request().map(Event::Request));
                outcome
            }
            None => Err(PulseError::NoEntity),
        };
        self.tell_stream(at, &mut events);
        self.events = events;
        outcome
    }

    fn create_playback(&mut self, call: Call, params: PlaybackStreamParams) -> Outcome {
        let Call { client, seq, .. } = call;
        sink(params.sink_index, params.sink_name.as_deref()).ok_or(PulseError::NoEntity)?;
        if self.playback.len() == MOST_PLAYBACK {
            return Err(PulseError::TooLarge);
        }
        let layout = layout(params.sample_spec, params.channel_map, &params.formats, &params.flags)?;
        let made = Playback::new(about(client, params.props), layout, &params.buffer_attr, params.flags.start_corked);
        let mut stream = made.map_err(|_| PulseError::NotSupported)?;
        stream.muted = params.flags.start_muted == Some(true);
        if let Some(volume) = params.cvolume {
            stream.set_volume(fitting(volume, &layout));
        }
        let index = self.index();
        let reply = CreatePlaybackStreamReply {
            channel: index,
            stream_index: index,
            requested_bytes: stream.request().unwrap_or(0),
            buffer_attr: stream.attr,
            sample_spec: layout.spec,
            channel_map: layout.map,
            stream_latency: BLOCK_US,
            sink_index: SINK,
            sink_name: Some(SINK_NAME.to_owned()),
            suspended: false,
            format: layout.offer(),
        };
        self.playback.insert(index, stream);
        self.reply(client, seq, &reply);
        self.added(Facility::SinkInput, index);
        Ok(Answer::Given)
    }

    fn create_record(&mut self, call: Call, params: RecordStreamParams) -> Outcome {
        let Call { client, seq, .. } = call;
        let from = source(params.source_index, params.source_name.as_deref()).ok_or(PulseError::NoEntity)?;
        if self.record.len() == MOST_RECORD {
            return Err(PulseError::TooLarge);
        }
        let layout = layout(params.sample_spec, params.channel_map, &params.formats, &params.flags)?;
        let made = Record::new(about(client, params.props), from, layout, &params.buffer_attr);
        let mut stream = made.map_err(|_| PulseError::NotSupported)?;
        stream.corked = params.flags.start_corked;
        stream.muted = params.flags.start_muted == Some(true);
        if let Some(volume) = params.cvolume {
            stream.set_volume(fitting(volume, &layout));
        }
        let name = if from == Source::Monitor { MONITOR_NAME } else { MICROPHONE_NAME };
        let index = self.index();
        let reply = CreateRecordStreamReply {
            channel: index,
            stream_index: index,
            buffer_attr: stream.attr,
            sample_spec: layout.spec,
            channel_map: layout.map,
            stream_latency: BLOCK_US,
            sink_index: index_of(from),
            sink_name: Some(name.to_owned()),
            suspended: false,
            format: layout.offer(),
        };
        self.record.insert(index, stream);
        self.reply(client, seq, &reply);
        self.added(Facility::SourceOutput, index);
        Ok(Answer::Given)
    }

    fn delete_playback(&mut self, at: u32) -> Outcome {
        self.playback.remove(&at);
        self.removed(Facility::SinkInput, at);
        Ok(Answer::Done)
    }

    fn delete_record(&mut self, at: u32) -> Outcome {
        self.record.remove(&at);
        self.removed(Facility::SourceOutput, at);
        Ok(Answer::Done)
    }

    /// What was mixed last is played until the next block is due: so the time that a client makes of this runs evenly, and a
    /// picture that it commits now goes with the sound of now.
    fn playback_latency(&mut self, call: Call, params: LatencyParams) -> Outcome {
        let left = self.end.saturating_sub(call.now.clock).as_micros() as u64;
        let stream = self.own_playback(call.client, params.channel).ok_or(PulseError::NoEntity)?;
        let (playing_for, underrun_for) = stream.since(call.now.clock);
        let (read_offset, write_offset) = stream.indices();
        let playing = stream.runs();
        let started = playing_for > 0;
        let reply = PlaybackLatency {
            sink_usec: if playing && started { left + stream.delay_us() } else { 0 },
            source_usec: 0,
            playing,
            local_time: params.now,
            remote_time: UNIX_EPOCH + call.now.unix,
            write_offset,
            read_offset,
            underrun_for,
            playing_for,
        };
        self.reply(call.client, call.seq, &reply);
        Ok(Answer::Given)
    }

    fn record_latency(&mut self, call: Call, params: LatencyParams) -> Outcome {
        // Since the last block was recorded.
        let begun = self.end.saturating_sub(Duration::from_micros(BLOCK_US));
        let since = call.now.clock.saturating_sub(begun).as_micros().min(u128::from(BLOCK_US)) as u64;
        let stream = self.own_record(call.client, params.channel).ok_or(PulseError::NoEntity)?;
        let (write_offset, read_offset) = stream.indices();
        let reply = RecordLatency {
            sink_usec: 0,
            source_usec: if stream.corked { 0 } else { since },
            playing: !stream.corked,
            local_time: params.now,
            remote_time: UNIX_EPOCH + call.now.unix,
            write_offset,
            read_offset,
        };
        self.reply(call.client, call.seq, &reply);
        Ok(Answer::Given)
    }
}

fn about(client: u32, given: Props) -> About {
    let name = given.get(Prop::MediaName).map(text).unwrap_or_default();
    let mut props = Props::new();
    // Too many are none: the stream plays all the same.
    let _ = update(&mut props, PropsUpdateMode::Set, given);
    About { client, name, props }
}

/// At most [`LONGEST_NAME`] bytes.
fn text(value: &[u8]) -> CString {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len()).min(LONGEST_NAME);
    CString::new(&value[..end]).unwrap_or_default()
}

const LONGEST_NAME: usize = 1_024;

fn rename(about: &mut About, name: CString) -> Result<(), PulseError> {
    if name.count_bytes() > LONGEST_NAME {
        return Err(PulseError::TooLarge);
    }
    about.name = name;
    Ok(())
}

/// What the stream will be made of: what the client says, what it offers, and where it leaves it to the sink, that.
fn layout(
    mut spec: SampleSpec,
    mut map: ChannelMap,
    offers: &[FormatInfo],
    flags: &StreamFlags,
) -> Result<Layout, PulseError> {
    if flags.passthrough {
        return Err(PulseError::NotSupported);
    }
    if spec.channels == 0 {
        return offers.iter().find_map(Layout::offered).ok_or(PulseError::NotSupported);
    }
    if flags.fix_format {
        spec.format = SPEC.format;
    }
    if flags.fix_rate {
        spec.sample_rate = SPEC.sample_rate;
    }
    if flags.fix_channels {
        spec.channels = SPEC.channels;
        map = ChannelMap::stereo();
    }
    Layout::new(spec, map).ok_or(PulseError::Invalid)
}

fn re_rate(layout: Layout, sample_rate: u32, set: impl FnOnce(u32) -> Result<(), String>) -> Result<(), PulseError> {
    Layout::new(SampleSpec { sample_rate, ..layout.spec }, layout.map).ok_or(PulseError::Invalid)?;
    set(sample_rate).map_err(|_| PulseError::NotSupported)
}

/// A volume for each channel. Where the client did not know how many there are, the first is for all.
fn fitting(volume: ChannelVolume, layout: &Layout) -> ChannelVolume {
    if volume.channels().len() == usize::from(layout.spec.channels) {
        return volume;
    }
    let mut all = ChannelVolume::empty();
    volume.channels().first().into_iter().for_each(|first| all.push(*first));
    all
}
