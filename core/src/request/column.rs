//! A column in the client's words, with the JSON path behind it: `meta->address->>city`.

use std::fmt;

/// A column and perhaps a place inside of its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// The column's name.
    pub name: String,
    /// Steps into its value, outermost first; empty for the value itself.
    pub path: Vec<Step>,
}

/// One step of a JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it goes.
    pub key: Key,
    /// `->>`: the value as text. Only the last step can be.
    pub text: bool,
}

/// What a step picks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A member of an object.
    Name(String),
    /// An item of an array, counted from 0; from its end where negative.
    Index(i32),
}

impl Key {
    /// An unquoted key: digits are an index, everything else is a name.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let digits = word.strip_prefix('-').unwrap_or(word);
        let number = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty();
        match word.parse() {
            Ok(index) if number => Self::Index(index),
            _ => Self::Name(word.to_owned()),
        }
    }
}

impl ColumnRef {
    /// A column without a path.
    pub fn plain(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: Vec::new(),
        }
    }

    /// Its name in a reply: that of the column or of the last key that is a name, as in `PostgREST`.
    #[must_use]
    pub fn label(&self) -> &str {
        let named = self.path.iter().rev().find_map(|step| match &step.key {
            Key::Name(name) => Some(name.as_str()),
            Key::Index(_) => None,
        });
        named.unwrap_or(&self.name)
    }
}

/// As it can be read again.
impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.name))?;
        for step in &self.path {
            f.write_str(if step.text { "->>" } else { "->" })?;
            match &step.key {
                Key::Index(index) => write!(f, "{index}")?,
                // A name of digits is quoted, or it would be an index.
                Key::Name(name) if Key::of(name) == step.key => f.write_str(&quoted(name))?,
                Key::Name(name) => f.write_str(&in_quotes(name))?,
            }
        }
        Ok(())
    }
}

/// A name as it stands in a query: in quotes where it holds characters that mean something there.
#[must_use]
pub fn quoted(name: &str) -> String {
    let special = |c: char| matches!(c, '.' | ',' | '(' | ')' | ':' | '"' | '!' | '\\' | '*' | '>');
    if name.is_empty() || name.contains(special) || name.trim() != name || name.ends_with('-') {
        in_quotes(name)
    } else {
        name.to_owned()
    }
}

/// A text in quotes.
#[must_use]
pub fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
