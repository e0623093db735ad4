//! A program's pointer, clipboard and answers, for those of its viewers who may have them.

use playfield_core::api::{EndReason, Role};
use playfield_core::desk::{Cursor, Gather, Gathered, MAX_CLIPBOARD, MAX_PIECE, Often, pieces};
use playfield_core::permission::Permission;
use playfield_core::session::Event;
use playfield_core::signal::ToViewer;
use playfield_core::time::Time;
use playfield_runtime::GuestEvent;
use playfield_transport::ConnectionId;

use super::{Attached, Session};
use crate::inbox::Command;

/// Most messages for one clipboard: a text of [`MAX_CLIPBOARD`] bytes that JSON writes as it is.
const MOST_PIECES: usize = MAX_CLIPBOARD / MAX_PIECE + 1;

/// What is known of a program, for viewers who come later.
#[derive(Debug, Default)]
pub(super) struct Desk {
    cursor: Option<Cursor>,
    lock: bool,
    silent: bool,
    /// The last lines it wrote before it ended by a fault.
    said: Option<String>,
}

/// What a viewer's connection is in the middle of.
#[derive(Debug, Default)]
pub(super) struct Hands {
    pasting: Gather,
    pub(super) often: Often,
}

impl Session {
    /// Takes what a program said of itself: who is to be told what.
    pub(crate) fn hear_desk(&mut self, event: GuestEvent) -> Vec<(ConnectionId, ToViewer)> {
        match event {
            GuestEvent::Cursor(cursor) => {
                self.desk.cursor = Some(cursor.clone());
                self.to_those(Permission::Pointer, &ToViewer::Cursor { cursor })
            }
            GuestEvent::Lock(wanted) => {
                self.desk.lock = wanted;
                self.to_those(Permission::Pointer, &ToViewer::Lock { wanted })
            }
            GuestEvent::Answers(answers) => {
                self.desk.silent = !answers;
                let players = self.players();
                players.into_iter().map(|player| (player, ToViewer::Answers { answers })).collect()
            }
            GuestEvent::LastWords(said) => {
                self.desk.said = Some(said);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Everybody who plays and may that.
    fn those(&self, permission: Permission) -> impl Iterator<Item = ConnectionId> + '_ {
        let may =
            move |attached: &Attached| attached.control_open && attached.slot.is_some() && attached.may.has(permission);
        self.viewers.iter().filter(move |(_, attached)| may(attached)).map(|(id, _)| *id)
    }

    fn to_those(&self, permission: Permission, message: &ToViewer) -> Vec<(ConnectionId, ToViewer)> {
        self.those(permission).map(|id| (id, message.clone())).collect()
    }

    /// Something was copied in a program: who gets it, and in which messages. There are none if it takes too many.
    pub(crate) fn copied(&self, text: &str) -> (Vec<ConnectionId>, Vec<ToViewer>) {
        let cut: Vec<&str> = pieces(text).take(MOST_PIECES + 1).collect();
        let message =
            |(n, piece): (usize, &&str)| ToViewer::Clipboard { text: (*piece).to_owned(), more: n + 1 < cut.len() };
        let fits = cut.len() <= MOST_PIECES;
        let messages = cut.iter().enumerate().filter(|_| fits).map(message).collect();
        (self.those(Permission::Clipboard).collect(), messages)
    }

    /// What a viewer is told of the program who has come, or may move its pointer from now on.
    pub(super) fn desk_now(&self, attached: &Attached) -> Vec<ToViewer> {
        if attached.slot.is_none() {
            return Vec::new();
        }
        let pointer = attached.may.has(Permission::Pointer);
        let cursor = self.desk.cursor.clone().map(|cursor| ToViewer::Cursor { cursor });
        let lock = self.desk.lock.then_some(ToViewer::Lock { wanted: true });
        let silent = self.desk.silent.then_some(ToViewer::Answers { answers: false });
        cursor.into_iter().chain(lock).filter(|_| pointer).chain(silent).collect()
    }

    /// The host's room for the picture has another size.
    pub(super) fn resize(&mut self, now: Time, connection: ConnectionId, width: u16, height: u16) {
        let Some(attached) = self.viewers.get_mut(&connection) else { return };
        if attached.role != Role::Host {
            return self.refuse(connection);
        }
        if attached.hands.often.allow(now) {
            self.inbox.push(Command::Resize { connection, width, height });
        }
    }

    /// A piece of what a viewer pastes. Returns what is to be answered.
    pub(super) fn paste(&mut self, now: Time, connection: ConnectionId, text: &str, more: bool) -> Option<ToViewer> {
        let attached = self.viewers.get_mut(&connection)?;
        if !attached.may_send(now).has(Permission::Clipboard) {
            self.refuse(connection);
            return None;
        }
        match attached.hands.pasting.take(text, more) {
            Gathered::More => None,
            Gathered::TooLong => Some(ToViewer::Notice {
                text: "What you paste is longer than 1 MiB; the program gets none of it.".to_owned(),
            }),
            Gathered::Whole(text) => {
                if attached.hands.often.allow(now) {
                    self.inbox.push(Command::Paste { connection, text });
                    self.life.handle(now, Event::Activity);
                }
                Some(ToViewer::Pasted)
            }
        }
    }

    /// What a viewer is told at the end.
    pub(crate) fn farewell(&self, connection: ConnectionId, reason: EndReason, detail: &str) -> ToViewer {
        let host = self.viewers.get(&connection).is_some_and(|attached| attached.role == Role::Host);
        let said = self.desk.said.clone().filter(|_| host);
        ToViewer::End { reason, detail: detail.to_owned(), said }
    }
}
