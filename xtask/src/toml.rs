//! As much of TOML as our own Cargo.toml and deny.toml use: tables, keys, strings, arrays, inline tables.

/// A key with its value as written, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table it is in, without brackets.
    pub table: String,
    /// The key, dots included.
    pub key: String,
    /// The value as written, without comments.
    pub value: String,
}

/// All entries, in order.
pub fn entries(text: &str) -> Vec<Entry> {
    let (mut table, mut entries) = (String::new(), Vec::<Entry>::new());
    let mut open = 0;
    for line in text.lines().map(without_comment) {
        let line = line.trim();
        if open > 0 {
            if let Some(entry) = entries.last_mut() {
                entry.value.push(' ');
                entry.value.push_str(line);
            }
            open += depth(line);
        } else if let Some(name) = line.strip_prefix('[') {
            table = name.trim_matches(['[', ']', ' ']).to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.trim().to_owned();
            open = depth(&value);
            entries.push(Entry { table: table.clone(), key: key.trim().trim_matches('"').to_owned(), value });
        }
    }
    entries
}

/// The strings in a value, in order.
pub fn strings(value: &str) -> Vec<String> {
    value.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The inline tables in an array, each as written.
pub fn tables(value: &str) -> Vec<&str> {
    value.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(table, _)| table.trim()).collect()
}

/// The strings of `key` in an inline table as written.
pub fn field(table: &str, key: &str) -> Vec<String> {
    let start = table.match_indices(key).find(|(at, _)| {
        let after = table[at + key.len()..].trim_start();
        after.starts_with('=') && (*at == 0 || table[..*at].ends_with([' ', ',', '{']))
    });
    let Some((at, _)) = start else { return Vec::new() };
    let value = table[at + key.len()..].trim_start().trim_start_matches('=').trim_start();
    match value.strip_prefix('[') {
        Some(array) => strings(array.split(']').next().unwrap_or_default()),
        None => strings(value).into_iter().take(1).collect(),
    }
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn depth(text: &str) -> i32 {
    let unquoted = text.split('"').step_by(2).flat_map(str::chars);
    unquoted.map(|c| i32::from(matches!(c, '[' | '{')) - i32::from(matches!(c, ']' | '}'))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_our_files_use_is_read() {
        let text = r#"
            top = 1 # one
            [dependencies]
            playfield-core.workspace = true
            tokio = { version = "1", features = ["a", "b"] }
            [[bins]]
            list = [
                "one", # first
                { crate = "two", allow = ["A", "B"], reason = "a # in a string" },
            ]
            after = "end"
        "#;
        let found = entries(text);
        let keys: Vec<_> = found.iter().map(|entry| (entry.table.as_str(), entry.key.as_str())).collect();
        let expect = [
            ("", "top"),
            ("dependencies", "playfield-core.workspace"),
            ("dependencies", "tokio"),
            ("bins", "list"),
            ("bins", "after"),
        ];
        assert_eq!(keys, expect);
        assert_eq!(found[0].value, "1");
        let list = &found[3].value;
        assert_eq!(strings(list), ["one", "two", "A", "B", "a # in a string"]);
        let table = tables(list)[0];
        assert_eq!(field(table, "crate"), ["two"]);
        assert_eq!(field(table, "allow"), ["A", "B"]);
        assert_eq!(field(table, "reason"), ["a # in a string"]);
        assert!(field(table, "missing").is_empty());
    }
}
