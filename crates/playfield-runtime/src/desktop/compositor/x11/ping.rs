//! Asks a window of X11 whether its program is there (Extended Window Manager Hints 1.5, `_NET_WM_PING`).
//!
//! The answer goes to the root window, where Smithay's window manager passes over it. So it is asked for by a connection of its
//! own, which is open only while a question is: one that stayed would keep the X server from ending with its last program.

use std::error::Error;
use std::os::unix::net::UnixStream;

use smithay::reexports::x11rb::connection::Connection;
use smithay::reexports::x11rb::protocol::Event;
use smithay::reexports::x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, EventMask, Window,
};
use smithay::reexports::x11rb::rust_connection::{DefaultStream, RustConnection};

/// Protocols that a window may name; more are not looked at.
const MOST_PROTOCOLS: u32 = 64;

/// Asks a window, and waits until it has answered or is gone. An error says why it could not be asked.
pub(in super::super) fn ask(window: Window) -> Result<(), Box<dyn Error>> {
    let (stream, _) = DefaultStream::from_unix_stream(UnixStream::connect(super::socket())?)?;
    let server = RustConnection::connect_to_stream(stream, 0)?;
    let root = server.setup().roots.first().ok_or("it has no screen")?.root;
    let protocols = atom(&server, "WM_PROTOCOLS")?;
    let ping = atom(&server, "_NET_WM_PING")?;
    let named = server.get_property(false, window, protocols, AtomEnum::ATOM, 0, MOST_PROTOCOLS)?.reply()?;
    if !named.value32().is_some_and(|mut named| named.any(|named| named == ping)) {
        return Err("it does not say that it answers".into());
    }
    listen(&server, window, EventMask::STRUCTURE_NOTIFY)?;
    listen(&server, root, EventMask::SUBSTRUCTURE_NOTIFY)?;
    // One question at a time: it needs no time by which its answer is told from another's.
    let question = [ping, 0, window, 0, 0];
    let event = ClientMessageEvent::new(32, window, protocols, question);
    server.send_event(false, window, EventMask::NO_EVENT, event)?;
    server.flush()?;
    loop {
        match server.wait_for_event()? {
            Event::ClientMessage(answer) if answer.window == root && answer.type_ == protocols => {
                // What else it holds is not looked at: it is no secret, and some programs change it.
                if let [kind, _, of, ..] = answer.data.as_data32()
                    && (kind, of) == (ping, window)
                {
                    return Ok(());
                }
            }
            Event::DestroyNotify(gone) if gone.window == window => return Ok(()),
            Event::UnmapNotify(gone) if gone.window == window => return Ok(()),
            _ => {}
        }
    }
}

fn atom(server: &RustConnection, name: &str) -> Result<Atom, Box<dyn Error>> {
    Ok(server.intern_atom(false, name.as_bytes())?.reply()?.atom)
}

fn listen(server: &RustConnection, to: Window, events: EventMask) -> Result<(), Box<dyn Error>> {
    server.change_window_attributes(to, &ChangeWindowAttributesAux::new().event_mask(events))?.check()?;
    Ok(())
}
