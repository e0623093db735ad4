//! What clients may ask for, but for their streams.

use std::collections::BTreeSet;
use std::ffi::CStr;

use pulseaudio::protocol::props::PropsUpdateMode;
use pulseaudio::protocol::{
    self as pulse, AuthParams, AuthReply, Command, LookupReply, MAX_VERSION, MIN_VERSION, Props, ProtocolError,
    PulseError, SetClientNameReply, SubscriptionEventFacility as Facility,
};

use super::describe::{MICROPHONE, MICROPHONE_NAME, MONITOR, MONITOR_NAME, SINK, SINK_NAME};
use super::{CHANNELS, Device, Engine, Now};
use crate::desktop::sound::record::Source;

/// Most bytes of properties of a client or a stream.
const MOST_PROPS: usize = 16 * 1024;
/// The oldest version that is spoken: PulseAudio 1.0, of 2011. Some answers to older ones are not as those had them.
const OLDEST: u16 = 22;
/// The last command of the protocol.
const LAST_COMMAND: u32 = 104;

/// What a command comes to, if it was not answered yet.
pub(super) type Outcome = Result<Answer, PulseError>;

pub(super) enum Answer {
    /// It is done.
    Done,
    /// It was answered, or will be.
    Given,
}

/// A command, from whom, and when.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub client: u32,
    pub seq: u32,
    pub now: Now,
}

impl Engine {
    pub(super) fn command(&mut self, client: u32, payload: &[u8], now: Now) {
        let Some((tag, seq)) = begins(payload) else { return self.lose(client) };
        let version = self.clients.get(&client).and_then(|client| client.version);
        let call = Call { client, seq, now };
        let outcome = match Command::read_tag_prefixed(&mut &payload[..], version.unwrap_or(MIN_VERSION)) {
            Ok((_, Command::Auth(auth))) => self.greet(call, &auth),
            _ if version.is_none() => Err(PulseError::AccessDenied),
            Ok((_, command)) => self.dispatch(call, command, payload),
            Err(_) if tag > LAST_COMMAND => Err(PulseError::Command),
            Err(ProtocolError::Unimplemented(..)) => Err(PulseError::NotImplemented),
            Err(_) => Err(PulseError::Protocol),
        };
        match outcome {
            Ok(Answer::Given) => {}
            Ok(Answer::Done) => self.ack(client, seq),
            Err(why) => self.refuse(client, seq, why),
        }
    }

    /// Whoever reaches the socket is of this session: a cookie tells nothing more.
    fn greet(&mut self, call: Call, auth: &AuthParams) -> Outcome {
        if auth.version < OLDEST {
            return Err(PulseError::Version);
        }
        let Some(client) = self.clients.get_mut(&call.client) else { return Ok(Answer::Given) };
        let known = client.version.replace(auth.version.min(MAX_VERSION)).is_some();
        if !known {
            self.added(Facility::Client, call.client);
        }
        self.reply(call.client, call.seq, &AuthReply { version: MAX_VERSION, use_memfd: false, use_shm: false });
        Ok(Answer::Given)
    }

    fn dispatch(&mut self, call: Call, command: Command, payload: &[u8]) -> Outcome {
        let Call { client, seq, .. } = call;
        match command {
            Command::SetClientName(props) => {
                self.set_client_props(client, PropsUpdateMode::Replace, props)?;
                self.reply(client, seq, &SetClientNameReply { client_id: client });
                Ok(Answer::Given)
            }
            Command::UpdateClientProplist(p) => self.set_client_props(client, p.mode, p.props).map(|()| Answer::Done),
            Command::RemoveClientProplist => self.remove_client_props(client, payload),
            Command::Subscribe(mask) => {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.wants = mask;
                }
                Ok(Answer::Done)
            }
            Command::LookupSink(name) => self.found(call, sink(None, Some(&name))),
            Command::LookupSource(name) => self.found(call, source(None, Some(&name)).map(index_of)),
            Command::SetDefaultSink(name) => sink(None, Some(&name)).map(|_| Answer::Done).ok_or(PulseError::NoEntity),
            Command::SetDefaultSource(name) => {
                source(None, Some(&name)).map(|_| Answer::Done).ok_or(PulseError::NoEntity)
            }
            Command::SetSinkVolume(_)
            | Command::SetSinkMute(_)
            | Command::SetSourceVolume(_)
            | Command::SetSourceMute(_) => self.set_device(command),
            Command::KillClient(other) => {
                self.clients.get_mut(&other).ok_or(PulseError::NoEntity)?.lost = true;
                Ok(Answer::Done)
            }
            // There is nothing to be loaded, kept or switched.
            Command::Exit | Command::LoadModule(_) | Command::UnloadModule(_) => Err(PulseError::AccessDenied),
            Command::GetModuleInfo(_) | Command::GetCardInfo(_) | Command::GetSampleInfo(_) => {
                Err(PulseError::NoEntity)
            }
            Command::PlaySample(_) | Command::RemoveSample(_) => Err(PulseError::NoEntity),
            Command::Extension(_) => Err(PulseError::NoExtension),
            Command::CreateUploadStream(_)
            | Command::DeleteUploadStream(_)
            | Command::FinishUploadStream(_)
            | Command::SuspendSink(_)
            | Command::SuspendSource(_)
            | Command::SetSinkPort(_)
            | Command::SetSourcePort(_)
            | Command::SetCardProfile(_)
            | Command::SetPortLatencyOffset(_) => Err(PulseError::NotSupported),
            other => match self.describe(call, &other) {
                Some(outcome) => outcome,
                None => self.stream_command(call, other, payload),
            },
        }
    }

    fn found(&mut self, call: Call, index: Option<u32>) -> Outcome {
        self.reply(call.client, call.seq, &LookupReply(index.ok_or(PulseError::NoEntity)?));
        Ok(Answer::Given)
    }

    fn set_client_props(&mut self, id: u32, mode: PropsUpdateMode, props: Props) -> Result<(), PulseError> {
        if let Some(client) = self.clients.get_mut(&id) {
            update(&mut client.props, mode, props)?;
            self.changed(Facility::Client, id);
        }
        Ok(())
    }

    fn remove_client_props(&mut self, id: u32, payload: &[u8]) -> Outcome {
        if let Some(client) = self.clients.get_mut(&id) {
            remove(&mut client.props, &payload[2 * NUMBER..])?;
            self.changed(Facility::Client, id);
        }
        Ok(Answer::Done)
    }

    fn set_device(&mut self, command: Command) -> Outcome {
        let (facility, index, set) = match command {
            Command::SetSinkVolume(p) => {
                let index = sink(p.device_index, p.device_name.as_deref()).ok_or(PulseError::NoEntity)?;
                (Facility::Sink, index, Setting::Volume(p.volume))
            }
            Command::SetSinkMute(p) => {
                let index = sink(p.device_index, p.device_name.as_deref()).ok_or(PulseError::NoEntity)?;
                (Facility::Sink, index, Setting::Mute(p.mute))
            }
            Command::SetSourceVolume(p) => {
                let source = source(p.device_index, p.device_name.as_deref()).ok_or(PulseError::NoEntity)?;
                (Facility::Source, index_of(source), Setting::Volume(p.volume))
            }
            Command::SetSourceMute(p) => {
                let source = source(p.device_index, p.device_name.as_deref()).ok_or(PulseError::NoEntity)?;
                (Facility::Source, index_of(source), Setting::Mute(p.mute))
            }
            _ => return Err(PulseError::Internal),
        };
        let device = match (facility, index) {
            (Facility::Sink, _) => &mut self.sink,
            (_, MONITOR) => &mut self.monitor,
            _ => &mut self.microphone,
        };
        set.apply(device)?;
        self.changed(facility, index);
        Ok(Answer::Done)
    }
}

enum Setting {
    Volume(pulse::ChannelVolume),
    Mute(bool),
}

impl Setting {
    fn apply(self, device: &mut Device) -> Result<(), PulseError> {
        match self {
            Setting::Mute(muted) => device.muted = muted,
            Setting::Volume(volume) => {
                device.volume = match volume.channels() {
                    [all] => {
                        let mut both = pulse::ChannelVolume::empty();
                        (0..CHANNELS).for_each(|_| both.push(*all));
                        both
                    }
                    volumes if volumes.len() == CHANNELS => volume,
                    _ => return Err(PulseError::Invalid),
                }
            }
        }
        Ok(())
    }
}

/// Bytes of a number with its tag.
pub(super) const NUMBER: usize = 5;

/// The tag and the sequence number that every command begins with.
fn begins(payload: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| {
        let (tag, value) = payload.get(at..at + NUMBER)?.split_first()?;
        (*tag == b'L').then_some(u32::from_be_bytes(value.try_into().ok()?))
    };
    Some((number(0)?, number(NUMBER)?))
}

/// The sink that is meant. Neither index nor name means that of every day.
pub(super) fn sink(index: Option<u32>, name: Option<&CStr>) -> Option<u32> {
    match (index.or_else(|| number(name?)), name) {
        (Some(index), _) => (index == SINK).then_some(SINK),
        (None, None) => Some(SINK),
        (None, Some(name)) => (name == SINK_NAME || name == pulse::DEFAULT_SINK).then_some(SINK),
    }
}

/// The source that is meant.
pub(super) fn source(index: Option<u32>, name: Option<&CStr>) -> Option<Source> {
    match (index.or_else(|| number(name?)), name) {
        (Some(MICROPHONE), _) | (None, None) => Some(Source::Microphone),
        (Some(MONITOR), _) => Some(Source::Monitor),
        (Some(_), _) => None,
        (None, Some(name)) if name == MONITOR_NAME || name == c"@DEFAULT_MONITOR@" => Some(Source::Monitor),
        (None, Some(name)) => (name == MICROPHONE_NAME || name == pulse::DEFAULT_SOURCE).then_some(Source::Microphone),
    }
}

/// An index may be written as a name.
fn number(name: &CStr) -> Option<u32> {
    name.to_str().ok()?.parse().ok()
}

pub(super) fn index_of(source: Source) -> u32 {
    match source {
        Source::Monitor => MONITOR,
        Source::Microphone => MICROPHONE,
    }
}

/// Changes properties, within bounds.
pub(super) fn update(props: &mut Props, mode: PropsUpdateMode, with: Props) -> Result<(), PulseError> {
    let size = |props: &Props| props.iter().map(|(key, value)| key.count_bytes() + value.len()).sum::<usize>();
    let mut updated = match mode {
        PropsUpdateMode::Set => Props::new(),
        _ => props.clone(),
    };
    for (key, value) in with.iter() {
        // To merge is to keep what is there.
        if !matches!(mode, PropsUpdateMode::Merge) || updated.get_bytes(key).is_none() {
            updated.set_bytes(key, value);
        }
    }
    if size(&updated) > MOST_PROPS {
        return Err(PulseError::TooLarge);
    }
    *props = updated;
    Ok(())
}

/// Removes the properties whose names are in `names`: strings with their tags.
pub(super) fn remove(props: &mut Props, names: &[u8]) -> Result<(), PulseError> {
    let mut gone = BTreeSet::new();
    let mut rest = names;
    while let Some(text) = rest.strip_prefix(b"t") {
        let name = CStr::from_bytes_until_nul(text).map_err(|_| PulseError::Protocol)?;
        rest = &text[name.count_bytes() + 1..];
        gone.insert(name);
    }
    let mut kept = Props::new();
    props.iter().filter(|(key, _)| !gone.contains(&***key)).for_each(|(key, value)| kept.set_bytes(key, value));
    *props = kept;
    Ok(())
}
