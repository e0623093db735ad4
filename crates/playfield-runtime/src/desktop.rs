//! Linux programs: what of this machine they see that is made for them.
//!
//! | room | |
//! |---|---|
//! | [`pads`] | gamepads, as input devices of the session's own |

pub mod pads;
