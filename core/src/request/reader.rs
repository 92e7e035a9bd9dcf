//! Reads the text of one query parameter from left to right, and says where it stopped making sense.

use super::column::{ColumnRef, Key, Step};
use crate::error::{Code, Error, Result};

/// Most characters of a column's, relation's or other name; Postgres keeps 63 bytes.
const MAX_NAME: usize = 256;
/// Most steps of a JSON path.
const MAX_STEPS: usize = 32;

/// Where an unquoted value stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// At the end of the text: the value of a parameter of its own.
    End,
    /// At a comma or a closing parenthesis: a member of a list or a tree.
    Member,
}

pub(super) struct Reader<'a> {
    parameter: &'a str,
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    /// A reader of `text`, which messages call the query parameter `parameter`.
    pub(super) fn new(parameter: &'a str, text: &'a str) -> Self {
        Self { parameter, text, at: 0 }
    }

    pub(super) fn parameter(&self) -> &'a str {
        self.parameter
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn ended(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn next_is(&self, word: &str) -> bool {
        self.rest().starts_with(word)
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.next_is(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Whether nothing but a comma, a closing parenthesis or the end follows.
    pub(super) fn at_border(&self) -> bool {
        self.ended() || self.next_is(",") || self.next_is(")")
    }

    /// What is wrong here: `bad_query` with the position, counted in characters from 1, and what was expected.
    pub(super) fn expected(&self, what: &str) -> Error {
        Error::new(
            Code::BadQuery,
            format!("Query parameter `{}` cannot be read", clip(self.parameter)),
        )
        .with_details(place(self.text, self.at, what))
    }

    /// A name: quoted, or up to the next character that means something. Spaces around it are not part of it.
    pub(super) fn name(&mut self, what: &str) -> Result<String> {
        self.spaces();
        let start = self.at;
        let name = if self.next_is("\"") {
            self.quoted()?
        } else {
            let rest = self.rest();
            let special = rest.find(['.', ',', '(', ')', ':', '"', '!']).unwrap_or(rest.len());
            let length = special.min(rest.find("->").unwrap_or(rest.len()));
            let name = rest.get(..length).unwrap_or("").trim_end();
            self.at += length;
            name.to_owned()
        };
        if name.is_empty() {
            self.at = start;
            return Err(self.expected(what));
        }
        if name.chars().count() > MAX_NAME {
            self.at = start;
            return Err(self.expected(&format!("a name of at most {MAX_NAME} characters")));
        }
        self.spaces();
        Ok(name)
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    /// A column with the JSON path behind it: `meta->a->>b`.
    pub(super) fn column(&mut self) -> Result<ColumnRef> {
        let name = self.name("a column")?;
        let path = self.path()?;
        Ok(ColumnRef { name, path })
    }

    /// `->a->0->>b`, or nothing.
    pub(super) fn path(&mut self) -> Result<Vec<Step>> {
        let mut path: Vec<Step> = Vec::new();
        while self.next_is("->") {
            if path.last().is_some_and(|step| step.text) {
                return Err(self.expected("no further step, as `->>` gives text"));
            }
            if path.len() >= MAX_STEPS {
                return Err(self.expected(&format!("at most {MAX_STEPS} steps")));
            }
            self.at += 2;
            let text = self.eat(">");
            let key = self.key()?;
            path.push(Step { key, text });
        }
        Ok(path)
    }

    fn key(&mut self) -> Result<Key> {
        if self.next_is("\"") {
            return Ok(Key::Name(self.quoted()?));
        }
        let rest = self.rest();
        let special = rest.find(['.', ',', '(', ')', ':', '"']).unwrap_or(rest.len());
        let length = special.min(rest.find("->").unwrap_or(rest.len()));
        let word = rest.get(..length).unwrap_or("");
        if word.is_empty() {
            return Err(self.expected("a key or an index"));
        }
        self.at += length;
        Ok(Key::of(word))
    }

    pub(super) fn value(&mut self, ending: Ending) -> Result<String> {
        let rest = self.rest();
        if ending == Ending::Member && rest.starts_with('"') {
            return self.quoted();
        }
        let length = match ending {
            Ending::End => rest.len(),
            Ending::Member => member_length(rest),
        };
        let value = rest.get(..length).unwrap_or("").to_owned();
        if value.contains('\0') {
            return Err(self.expected("text without U+0000"));
        }
        self.at += length;
        Ok(value)
    }

    /// `"…"` with `\"` and `\\`.
    pub(super) fn quoted(&mut self) -> Result<String> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        let mut escaped = false;
        for c in self.rest().chars() {
            self.at += c.len_utf8();
            match c {
                '\0' => break,
                _ if escaped => {
                    value.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => return Ok(value),
                _ => value.push(c),
            }
        }
        self.at = start;
        Err(self.expected("a closing `\"`"))
    }
}

/// Up to a comma or an unmatched `)`; braces hold array literals and JSON such as `{"a":"}"}` together.
fn member_length(text: &str) -> usize {
    let (mut braces, mut quoted, mut escaped) = (0_usize, false, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if braces > 0 => quoted = !quoted,
            _ if quoted => {}
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            ',' | ')' if braces == 0 => return index,
            _ => {}
        }
    }
    text.len()
}

/// `character 5: expected a name, found `,``: the place in a text, given in bytes, is counted in characters from 1.
pub(super) fn place(text: &str, at: usize, what: &str) -> String {
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let found = rest
        .chars()
        .next()
        .map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
    format!(
        "character {}: expected {what}, found {found}",
        before.chars().count() + 1
    )
}

/// A client's word, short enough to repeat in a message.
pub(super) fn clip(word: &str) -> String {
    if word.chars().count() <= 64 {
        word.to_owned()
    } else {
        format!("{}…", word.chars().take(63).collect::<String>())
    }
}
