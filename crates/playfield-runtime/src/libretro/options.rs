//! Settings of a core: what it declares, what the title and the player choose.
//!
//! A core's own options come first. Which device is plugged into which port, and which disk is in the drive, are settings
//! too: the player finds them in the same place.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{CStr, CString};

use playfield_core::setting::{Choice, Setting};

/// Most options, and most choices of each: a core that declares more is shown as far as that.
const MOST_OPTIONS: usize = 512;
const MOST_CHOICES: usize = super::abi::OPTION_VALUES;

/// Options of a core.
#[derive(Debug, Default)]
pub struct Options {
    declared: Vec<Setting>,
    hidden: HashSet<String>,
    /// What was chosen before the core declared anything, or for options of others.
    chosen: BTreeMap<String, String>,
    /// Values as the core reads them. A value stays where it is until another is chosen.
    values: HashMap<CString, CString>,
    changed: bool,
}

impl Options {
    /// Chooses values, declared or not.
    pub fn choose(&mut self, chosen: impl IntoIterator<Item = (String, String)>) {
        self.chosen.extend(chosen);
    }

    /// What a core declares; what it declared before is forgotten.
    pub fn declare(&mut self, settings: Vec<Setting>) {
        self.declared = settings;
        self.declared.truncate(MOST_OPTIONS);
        self.values.clear();
        for setting in &mut self.declared {
            setting.choices.truncate(MOST_CHOICES);
            if let Some(chosen) = self.chosen.get(&setting.key).filter(|chosen| setting.offers(chosen)) {
                setting.value.clone_from(chosen);
            }
            if !setting.offers(&setting.value) {
                setting.value = setting.choices.first().map(|choice| choice.value.clone()).unwrap_or_default();
            }
            if let (Ok(key), Ok(value)) = (CString::new(setting.key.as_str()), CString::new(setting.value.as_str())) {
                self.values.insert(key, value);
            }
        }
        self.changed = true;
    }

    /// Chooses a value of a declared option. False: there is no such option, or no such value.
    pub fn set(&mut self, key: &str, value: &str) -> bool {
        let Some(setting) = self.declared.iter_mut().find(|setting| setting.key == key) else { return false };
        if !setting.offers(value) {
            return false;
        }
        if setting.value != value {
            value.clone_into(&mut setting.value);
            if let (Ok(key), Ok(value)) = (CString::new(key), CString::new(value)) {
                self.values.insert(key, value);
            }
            self.chosen.insert(key.to_owned(), value.to_owned());
            self.changed = true;
        }
        true
    }

    /// Shows or hides an option; true if that changed something.
    pub fn show(&mut self, key: &str, visible: bool) -> bool {
        if visible { self.hidden.remove(key) } else { self.hidden.insert(key.to_owned()) }
    }

    /// The value of an option, as the core reads it.
    pub fn value(&self, key: &CStr) -> Option<&CStr> {
        self.values.get(key).map(CString::as_c_str)
    }

    /// Whether something was chosen since this was asked before.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What the player can choose.
    pub fn shown(&self) -> impl Iterator<Item = &Setting> {
        self.declared.iter().filter(|setting| setting.choices.len() > 1 && !self.hidden.contains(&setting.key))
    }

    /// What was chosen, to be kept.
    pub fn chosen(&self) -> &BTreeMap<String, String> {
        &self.chosen
    }
}

/// An option in its oldest form: `Label; first|second|third`, the first being the default.
pub fn from_variable(key: &str, text: &str) -> Setting {
    let (label, values) = text.split_once(';').unwrap_or((text, ""));
    let choice = |value: &str| Choice { value: value.to_owned(), label: value.to_owned() };
    let choices: Vec<Choice> = values.trim().split('|').filter(|value| !value.is_empty()).map(choice).collect();
    let value = choices.first().map(|choice| choice.value.clone()).unwrap_or_default();
    Setting { key: key.to_owned(), label: label.trim().to_owned(), choices, value, ..Setting::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let mut options = Options::default();
        options.choose([("core_speed".to_owned(), "fast".to_owned()), ("core_other".to_owned(), "7".to_owned())]);
        options.declare(vec![
            from_variable("core_speed", "Speed; slow|fast"),
            from_variable("core_other", "Other; 1|2"),
            from_variable("core_single", "Single; only"),
        ]);
        options
    }

    #[test]
    fn what_was_chosen_before_holds_where_it_is_offered() {
        let options = options();
        assert_eq!(options.value(c"core_speed"), Some(c"fast"));
        assert_eq!(options.value(c"core_other"), Some(c"1"), "7 is not offered");
        assert_eq!(options.value(c"core_none"), None);
        let shown: Vec<&str> = options.shown().map(|setting| setting.key.as_str()).collect();
        assert_eq!(shown, ["core_speed", "core_other"], "where there is nothing to choose nothing is shown");
    }

    #[test]
    fn a_choice_is_told_once_and_only_what_is_offered_can_be_chosen() {
        let mut options = options();
        assert!(options.take_changed() && !options.take_changed());
        assert!(!options.set("core_speed", "faster") && !options.set("core_none", "1"));
        assert!(!options.take_changed());
        assert!(options.set("core_speed", "slow"));
        assert!(options.take_changed());
        assert_eq!(options.value(c"core_speed"), Some(c"slow"));
        assert_eq!(options.chosen()["core_speed"], "slow");
    }

    #[test]
    fn an_option_can_be_hidden() {
        let mut options = options();
        assert!(options.show("core_speed", false) && !options.show("core_speed", false));
        assert_eq!(options.shown().count(), 1);
        assert_eq!(options.value(c"core_speed"), Some(c"fast"), "it holds all the same");
        assert!(options.show("core_speed", true));
    }
}
