//! A picture that is handed out with what was found in it: asked of the guest, and coded beside it.

use playfield_core::api::EndReason;
use playfield_core::bus::Reply;
use playfield_core::dataset::Found;
use playfield_core::frame::Picture;
use playfield_core::id::SessionId;

use super::{Hosted, Stage};
use crate::outbox::{FromStage, Outbox};
use crate::states::{Job, Shelf};

impl Stage {
    /// Asks the guest for its next picture.
    pub(super) fn sample(&mut self) {
        let asked = match &mut self.guest {
            Hosted::Open(guest) => guest.sample(),
            _ => false,
        };
        if !asked {
            refuse(&self.session, &self.outbox, "this is no camera that is at work");
        }
    }
}

/// Has a picture coded by the thread that has time for it.
pub(super) fn code((picture, found): (Picture, Found), session: &SessionId, shelf: &Shelf, outbox: &Outbox) {
    let job = Job::Code { session: session.clone(), picture: Box::new(picture), found: Box::new(found) };
    if shelf.take(job).is_err() {
        refuse(session, outbox, "other pictures are being coded; try again in a moment");
    }
}

fn refuse(session: &SessionId, outbox: &Outbox, detail: &str) {
    let reply = Reply::Refused { reason: EndReason::LimitReached, detail: detail.to_owned() };
    outbox.send(FromStage::Sampled { session: session.clone(), reply });
}
