//! A picture that is handed out with what was found in it, asked of the guest, and coded beside it; and what a camera's app uploads.

use playfield_core::api::EndReason;
use playfield_core::bus::Reply;
use playfield_core::dataset::Found;
use playfield_core::frame::Picture;
use playfield_core::id::SessionId;
use playfield_core::upload::{Ask, Piece};

use super::{Hosted, Stage};
use crate::outbox::{FromStage, Outbox};
use crate::states::{Job, Shelf};

const NO_CAMERA: &str = "this is no camera that is at work";

impl Stage {
    /// Asks the guest for its next picture.
    pub(super) fn sample(&mut self) {
        let asked = match &mut self.guest {
            Hosted::Open(guest) => guest.sample(),
            _ => false,
        };
        if !asked {
            let reply = refused(NO_CAMERA);
            self.outbox.send(FromStage::Sampled { session: self.session.clone(), reply });
        }
    }

    /// Asks the guest for what its app uploads.
    pub(super) fn upload(&mut self, ask: Ask) {
        let asked = match &mut self.guest {
            Hosted::Open(guest) => guest.upload(ask),
            _ => false,
        };
        if !asked {
            let reply = refused(NO_CAMERA);
            self.outbox.send(FromStage::Uploaded { session: self.session.clone(), reply });
        }
    }
}

/// Has a picture coded by the thread that has time for it.
pub(super) fn code((picture, found): (Picture, Found), session: &SessionId, shelf: &Shelf, outbox: &Outbox) {
    let job = Job::Code { session: session.clone(), picture: Box::new(picture), found: Box::new(found) };
    if shelf.take(job).is_err() {
        let reply = refused("other pictures are being coded; try again in a moment");
        outbox.send(FromStage::Sampled { session: session.clone(), reply });
    }
}

/// Hands on a piece of what an app uploads.
pub(super) fn hand_over(piece: Option<Box<Piece>>, session: &SessionId, outbox: &Outbox) {
    outbox.send(FromStage::Uploaded { session: session.clone(), reply: Reply::Uploaded { piece } });
}

fn refused(detail: &str) -> Reply {
    Reply::Refused { reason: EndReason::LimitReached, detail: detail.to_owned() }
}
