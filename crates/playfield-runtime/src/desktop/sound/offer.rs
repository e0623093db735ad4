//! Formats as clients offer them, and as they are told them: properties whose values are JSON (`pa_format_info`).

use std::ffi::CString;

use pulseaudio::protocol::{ChannelMap, ChannelPosition, FormatEncoding, FormatInfo, Prop, SampleFormat, SampleSpec};
use serde_json::Value;

use super::format::Layout;

const FORMATS: &[(SampleFormat, &str)] = &[
    (SampleFormat::U8, "u8"),
    (SampleFormat::Alaw, "aLaw"),
    (SampleFormat::Ulaw, "uLaw"),
    (SampleFormat::S16Le, "s16le"),
    (SampleFormat::S16Be, "s16be"),
    (SampleFormat::Float32Le, "float32le"),
    (SampleFormat::Float32Be, "float32be"),
    (SampleFormat::S32Le, "s32le"),
    (SampleFormat::S32Be, "s32be"),
    (SampleFormat::S24Le, "s24le"),
    (SampleFormat::S24Be, "s24be"),
    (SampleFormat::S24In32Le, "s24-32le"),
    (SampleFormat::S24In32Be, "s24-32be"),
];

use ChannelPosition::*;

const POSITIONS: &[(ChannelPosition, &str)] = &[
    (Mono, "mono"),
    (FrontLeft, "front-left"),
    (FrontRight, "front-right"),
    (FrontCenter, "front-center"),
    (RearCenter, "rear-center"),
    (RearLeft, "rear-left"),
    (RearRight, "rear-right"),
    (Lfe, "lfe"),
    (FrontLeftOfCenter, "front-left-of-center"),
    (FrontRightOfCenter, "front-right-of-center"),
    (SideLeft, "side-left"),
    (SideRight, "side-right"),
    (TopCenter, "top-center"),
    (TopFrontLeft, "top-front-left"),
    (TopFrontRight, "top-front-right"),
    (TopFrontCenter, "top-front-center"),
    (TopRearLeft, "top-rear-left"),
    (TopRearRight, "top-rear-right"),
    (TopRearCenter, "top-rear-center"),
];

/// The order of channels that are not named, as in files (WAVE).
const USUAL: [ChannelPosition; 8] = [FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight, SideLeft, SideRight];

impl Layout {
    /// What a client offers. What it leaves open is as the sink has it. None: it is nothing that can be mixed.
    pub fn offered(offer: &FormatInfo) -> Option<Self> {
        if !matches!(offer.encoding, FormatEncoding::Pcm | FormatEncoding::Any) {
            return None;
        }
        let format = match property(offer, Prop::FormatSampleFormat) {
            Some(value) => choose(&value, |value| {
                let name = value.as_str()?;
                FORMATS.iter().find(|(_, known)| *known == name).map(|(format, _)| *format)
            })?,
            None => SampleFormat::S16Le,
        };
        let number = |prop, usual: u32| match property(offer, prop) {
            Some(value) if within(&value, usual) => Some(usual),
            Some(value) => choose(&value, |value| value.as_u64()?.try_into().ok()),
            None => Some(usual),
        };
        let sample_rate = number(Prop::FormatRate, 48_000)?;
        let channels = u8::try_from(number(Prop::FormatChannels, 2)?).ok()?;
        let map = match property(offer, Prop::FormatChannelMap) {
            Some(value) => map(value.as_str()?)?,
            None => usual(channels)?,
        };
        Layout::new(SampleSpec { format, channels, sample_rate }, map)
    }

    /// The same, to be told to a client.
    pub fn offer(&self) -> FormatInfo {
        let mut offer = FormatInfo::new(FormatEncoding::Pcm);
        let format = FORMATS.iter().find(|(format, _)| *format == self.spec.format).map_or("", |(_, name)| name);
        let map: Vec<String> = self.map.into_iter().map(name).collect();
        let values = [
            (Prop::FormatSampleFormat, Value::from(format)),
            (Prop::FormatRate, Value::from(self.spec.sample_rate)),
            (Prop::FormatChannels, Value::from(self.spec.channels)),
            (Prop::FormatChannelMap, Value::from(map.join(","))),
        ];
        for (prop, value) in values {
            offer.props.set(prop, CString::new(value.to_string()).unwrap_or_default());
        }
        offer
    }
}

fn property(offer: &FormatInfo, prop: Prop) -> Option<Value> {
    let value = offer.props.get(prop)?;
    serde_json::from_slice(value.strip_suffix(b"\0").unwrap_or(value)).ok()
}

/// The value, or the first of several that will do.
fn choose<T>(value: &Value, of: impl Fn(&Value) -> Option<T>) -> Option<T> {
    match value {
        Value::Array(values) => values.iter().find_map(of),
        Value::Object(range) => range.get("min").and_then(of),
        value => of(value),
    }
}

/// Whether this number is one of those that are offered.
fn within(value: &Value, number: u32) -> bool {
    let number = u64::from(number);
    match value {
        Value::Array(values) => values.iter().any(|value| value.as_u64() == Some(number)),
        Value::Object(range) => {
            let bound = |name, usual| range.get(name).and_then(Value::as_u64).unwrap_or(usual);
            (bound("min", 0)..=bound("max", u64::MAX)).contains(&number)
        }
        value => value.as_u64() == Some(number),
    }
}

fn name(position: ChannelPosition) -> String {
    match POSITIONS.iter().find(|(known, _)| *known == position) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("aux{}", (position as u8).saturating_sub(Aux0 as u8)),
    }
}

fn map(text: &str) -> Option<ChannelMap> {
    match text {
        "mono" => return Some(ChannelMap::mono()),
        "stereo" => return Some(ChannelMap::stereo()),
        "surround-51" => return usual(6),
        "surround-71" => return usual(8),
        _ => {}
    }
    let known = |part: &str| POSITIONS.iter().find(|(_, name)| *name == part).map(|(position, _)| *position);
    let auxiliary = |part: &str| part.strip_prefix("aux")?.parse::<u8>().ok().filter(|n| *n < 32).map(side);
    let positions: Option<Vec<_>> = text.split(',').map(|part| known(part).or_else(|| auxiliary(part))).collect();
    positions.filter(|positions| positions.len() <= MOST_CHANNELS).map(ChannelMap::new)
}

/// Most channels of the protocol.
const MOST_CHANNELS: usize = 32;

/// Auxiliary channels are of either side in turn.
fn side(auxiliary: u8) -> ChannelPosition {
    if auxiliary.is_multiple_of(2) { Aux0 } else { Aux1 }
}

fn usual(channels: u8) -> Option<ChannelMap> {
    match usize::from(channels) {
        0 => None,
        1 => Some(ChannelMap::mono()),
        // Four are not three and a subwoofer.
        4 => Some(ChannelMap::new([FrontLeft, FrontRight, RearLeft, RearRight])),
        5 => Some(ChannelMap::new([FrontLeft, FrontRight, FrontCenter, RearLeft, RearRight])),
        several if several <= USUAL.len() => Some(ChannelMap::new(USUAL[..several].iter().copied())),
        several if several <= MOST_CHANNELS => Some(ChannelMap::new((0..channels).map(side))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(values: &[(Prop, &str)]) -> Option<(SampleSpec, String)> {
        let mut offer = FormatInfo::new(FormatEncoding::Pcm);
        for (prop, value) in values {
            offer.props.set(*prop, CString::new(*value).unwrap());
        }
        let layout = Layout::offered(&offer)?;
        let map: Vec<String> = layout.map.into_iter().map(name).collect();
        Some((layout.spec, map.join(",")))
    }

    #[test]
    fn offers_are_understood() {
        use Prop::{FormatChannelMap, FormatChannels, FormatRate, FormatSampleFormat};
        let check = |values: &[(Prop, &str)], format, channels, sample_rate, map: &str| {
            let expect = SampleSpec { format, channels, sample_rate };
            assert_eq!(offered(values), Some((expect, map.to_owned())), "{map}");
        };
        check(&[], SampleFormat::S16Le, 2, 48_000, "front-left,front-right");
        let values = [(FormatSampleFormat, "\"float32le\""), (FormatRate, "44100"), (FormatChannels, "1")];
        check(&values, SampleFormat::Float32Le, 1, 44_100, "mono");
        let values = [(FormatSampleFormat, "[\"odd\", \"u8\"]"), (FormatRate, "[44100, 48000]")];
        check(&values, SampleFormat::U8, 2, 48_000, "front-left,front-right");
        let values = [(FormatRate, "{\"min\": 96000, \"max\": 192000}"), (FormatChannelMap, "\"rear-left,aux3\"")];
        check(&values, SampleFormat::S16Le, 2, 96_000, "rear-left,aux1");
        let values = [(FormatChannels, "6")];
        check(&values, SampleFormat::S16Le, 6, 48_000, "front-left,front-right,front-center,lfe,rear-left,rear-right");
        for bad in
            [(FormatRate, "\"x\""), (FormatChannels, "0"), (FormatChannels, "300"), (FormatChannelMap, "\"x,y\"")]
        {
            assert_eq!(offered(&[bad]), None);
        }
    }

    #[test]
    fn what_is_told_is_understood_too() {
        for channels in 1..=8 {
            let spec = SampleSpec { format: SampleFormat::S24In32Be, channels, sample_rate: 96_000 };
            let layout = Layout::new(spec, usual(channels).unwrap()).unwrap();
            assert_eq!(Layout::offered(&layout.offer()), Some(layout));
        }
    }
}
