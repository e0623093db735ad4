//! The link of a machine with cameras: words of both sides, and the address that it joins by.

use std::path::{Component, Path};

use playfield_core::link::{FromDevice, Invitation, Position, Taken, ToDevice, Window, may_be_asked};

use crate::packets;

/// Words of both sides, one after the other. What can be read is written the same again; what a twin brings stays in its folder;
/// however events come, each is stored once and in order.
pub fn link(data: &[u8]) {
    let (mut position, mut stored) = (Position::default(), 0);
    for word in packets(data) {
        if let Ok(said) = serde_json::from_slice::<FromDevice>(word) {
            let again = serde_json::to_string(&said).expect("what was read can be written");
            // Numbers that JSON has no word for do not come back.
            drop(serde_json::from_str::<FromDevice>(&again));
            match said {
                FromDevice::Hello { journal, .. } => {
                    if position.journal != journal {
                        stored = 0;
                    }
                    position = position.open(&journal);
                    assert_eq!(Window::new(position.stored).next(position.stored, 64), None);
                }
                FromDevice::Told { events } => {
                    for told in events {
                        if position.take(told.seq) == Taken::New {
                            assert!(told.seq > stored);
                            stored = told.seq;
                        }
                        assert_eq!(position.stored, stored);
                    }
                }
                _ => {}
            }
        }
        match serde_json::from_slice::<ToDevice>(word) {
            Ok(ToDevice::Twin { cameras }) => {
                let sound = cameras.iter().flat_map(|twin| twin.packages()).filter(|package| package.check().is_ok());
                for file in sound.flat_map(|package| &package.files) {
                    let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
                    assert!(Path::new(&file.path).components().all(inside), "{}", file.path);
                }
            }
            Ok(ToDevice::Ask { request, .. }) => drop(may_be_asked(&request)),
            _ => {}
        }
        if let Ok(text) = std::str::from_utf8(word)
            && let Ok(invitation) = Invitation::parse(text)
        {
            assert_eq!(Invitation::parse(&invitation.reveal()).as_ref(), Ok(&invitation));
            assert!(!invitation.to_string().contains('#'));
        }
    }
}
