//! What a viewer may do in a session: a small set, decided by the session's host and kept to by the node.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// One thing that a viewer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Press the buttons and move the sticks of its seat.
    Play,
    /// Press keys and type.
    Keyboard,
    /// Move the pointer, press its buttons, touch the picture.
    Pointer,
    /// Choose what the title lets people choose: a core's options, controllers, disks.
    Settings,
    /// Exchange text with a program's clipboard.
    Clipboard,
    /// Send sound to a program.
    Microphone,
    /// Save states of the title, go back to them, and delete them.
    States,
}

impl Permission {
    /// All of them, by their bit in a [`Permissions`].
    pub const ALL: [Permission; 7] = {
        use Permission::*;
        [Play, Keyboard, Pointer, Settings, Clipboard, Microphone, States]
    };
}

/// What a viewer may do. On the wire a list of names, each once: `["play","keyboard"]`.
#[derive(Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = Vec<Permission>)]
pub struct Permissions(u8);

impl Permissions {
    /// Nothing: it sees and hears.
    pub const NONE: Permissions = Permissions(0);
    /// Everything.
    pub const ALL: Permissions = Permissions((1 << Permission::ALL.len()) - 1);
    /// Its own pad, keys and pointer.
    pub const SEAT: Permissions =
        Permissions::NONE.with(Permission::Play).with(Permission::Keyboard).with(Permission::Pointer);

    /// These and one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Permissions {
        Permissions(self.0 | 1 << permission as u8)
    }

    /// Whether this is among them.
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// As a number, for a database: bit N is `Permission::ALL[N]`.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From that number; bits that mean nothing are left out.
    pub const fn from_bits(bits: u8) -> Permissions {
        Permissions(bits & Permissions::ALL.0)
    }

    fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(all: I) -> Permissions {
        all.into_iter().fold(Permissions::NONE, Permissions::with)
    }
}

impl std::fmt::Debug for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Permissions, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Permissions;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of permissions")
            }

            // Nothing is kept of a name but its bit, however long the list.
            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Permissions, A::Error> {
                let mut all = Permissions::NONE;
                while let Some(permission) = names.next_element()? {
                    all = all.with(permission);
                }
                Ok(all)
            }
        }
        from.deserialize_seq(Names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_a_list_of_names_and_back() {
        let check = |set: Permissions, text: &str| {
            assert_eq!(serde_json::to_string(&set).unwrap(), text);
            assert_eq!(serde_json::from_str::<Permissions>(text).unwrap(), set);
            assert_eq!(Permissions::from_bits(set.bits()), set);
        };
        check(Permissions::NONE, "[]");
        check(Permissions::SEAT, r#"["play","keyboard","pointer"]"#);
        check(Permissions::ALL, r#"["play","keyboard","pointer","settings","clipboard","microphone","states"]"#);
        assert_eq!(serde_json::from_str::<Permissions>(r#"["pointer","pointer"]"#).unwrap().bits(), 4);
        assert!(serde_json::from_str::<Permissions>(r#"["fly"]"#).is_err());
        assert_eq!(Permissions::from_bits(0xff), Permissions::ALL, "from a later release");
    }
}
