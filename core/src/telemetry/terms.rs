//! The filter language of the live tails, cut into terms: `key:value`, `word`, `"two words"`, `-not_this`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::suggest;

/// A key that a filter knows, for help texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// What stands before the colon.
    pub name: &'static str,
    /// What may stand behind it: examples with commas between them.
    pub values: &'static str,
    /// What it picks.
    pub meaning: &'static str,
}

/// A filter that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterError {
    /// The character where it goes wrong, from 0.
    pub at: usize,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at + 1, self.message)
    }
}

impl std::error::Error for FilterError {}

/// One term. All terms of a filter must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Whether it must not hold.
    pub(super) negated: bool,
    /// The key; `None` for a word.
    pub(super) key: Option<&'static str>,
    /// Where the value begins.
    pub(super) at: usize,
    /// The value, without quotes; never empty.
    pub(super) value: String,
}

/// A wish that a number be less or more than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Compare {
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    /// Splits `>=200` into the comparison and the number's text.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        let known = [
            ("<=", Self::AtMost),
            (">=", Self::AtLeast),
            ("<", Self::Less),
            (">", Self::More),
        ];
        known
            .into_iter()
            .find_map(|(sign, compare)| Some((compare, text.strip_prefix(sign)?)))
    }

    pub(super) fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// Whether `text` holds `word`, upper and lower case of ASCII aside.
pub(super) fn holds(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Cuts a filter into terms.
///
/// # Errors
/// For a key that is not among `keys`, a missing value, and a quotation mark that is not closed.
pub(super) fn cut(text: &str, keys: &'static [Key]) -> Result<Vec<Term>, FilterError> {
    let characters: Vec<char> = text.chars().collect();
    let mut terms = Vec::new();
    let mut at = 0;
    while let Some(first) = characters.get(at) {
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let next = characters.get(at + 1);
        let negated = *first == '-' && next.is_some_and(|next| !next.is_whitespace());
        if negated {
            at += 1;
        }
        let key = key(&characters, at, keys)?;
        if let Some(key) = key {
            at += key.name.chars().count() + 1;
        }
        let start = at;
        let value;
        (value, at) = self::value(&characters, at)?;
        if value.is_empty() {
            let message = match key {
                Some(key) => format!("`{}:` needs a value: {}", key.name, key.values),
                None => "nothing stands between the quotation marks".to_owned(),
            };
            return Err(FilterError { at: start, message });
        }
        terms.push(Term {
            negated,
            key: key.map(|key| key.name),
            at: start,
            value,
        });
    }
    Ok(terms)
}

/// The key that begins here; `None` for a word.
fn key(characters: &[char], at: usize, keys: &'static [Key]) -> Result<Option<&'static Key>, FilterError> {
    let rest = characters.get(at..).unwrap_or_default();
    let name: String = rest
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
        .collect();
    if name.is_empty() || rest.get(name.len()) != Some(&':') {
        return Ok(None);
    }
    if let Some(key) = keys.iter().find(|key| key.name == name) {
        return Ok(Some(key));
    }
    let names = keys.iter().map(|key| key.name);
    let near = suggest::nearest(&name, names.clone()).map(|near| format!("; did you mean `{near}`?"));
    let all: Vec<String> = names.map(|name| format!("{name}:")).collect();
    Err(FilterError {
        at,
        message: format!(
            "no key `{name}`{}; allowed are {}, words, and \"quoted: text\"",
            near.unwrap_or_default(),
            all.join(" ")
        ),
    })
}

/// The value that begins here, and where it ends.
fn value(characters: &[char], mut at: usize) -> Result<(String, usize), FilterError> {
    let mut value = String::new();
    let mut quoted = None;
    while let Some(c) = characters.get(at) {
        match (c, quoted) {
            ('"', None) => quoted = Some(at),
            ('"', Some(_)) => quoted = None,
            (c, None) if c.is_whitespace() => break,
            (c, _) => value.push(*c),
        }
        at += 1;
    }
    match quoted {
        Some(at) => Err(FilterError {
            at,
            message: "this quotation mark is not closed; add `\"` at the end".to_owned(),
        }),
        None => Ok((value, at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[Key] = &[Key {
        name: "path",
        values: "/api/leads",
        meaning: "",
    }];

    #[test]
    fn terms_are_cut() {
        let told = |text: &str| match cut(text, KEYS) {
            Ok(terms) => terms
                .iter()
                .map(|t| {
                    let not = if t.negated { "not " } else { "" };
                    format!("{not}{}={}@{}", t.key.unwrap_or("word"), t.value, t.at)
                })
                .collect::<Vec<_>>()
                .join(" | "),
            Err(error) => error.to_string(),
        };
        for (text, wanted) in [
            ("", ""),
            ("  a  b ", "word=a@2 | word=b@5"),
            ("path:/x", "path=/x@5"),
            ("-path:/x -y", "not path=/x@6 | not word=y@10"),
            ("a - b", "word=a@0 | word=-@2 | word=b@4"),
            ("\"a b\" path:\"/a b\"c", "word=a b@0 | path=/a bc@11"),
            ("\"path:x\" /a:b", "word=path:x@0 | word=/a:b@9"),
            ("ünï path:ö", "word=ünï@0 | path=ö@9"),
            ("x path:", "character 8: `path:` needs a value: /api/leads"),
            ("x \"\"", "character 3: nothing stands between the quotation marks"),
            (
                "ü \"a",
                "character 3: this quotation mark is not closed; add `\"` at the end",
            ),
            (
                "ok pth:/x",
                "character 4: no key `pth`; did you mean `path`?; allowed are path:, words, and \"quoted: text\"",
            ),
            (
                "-zzzzzz:1",
                "character 2: no key `zzzzzz`; allowed are path:, words, and \"quoted: text\"",
            ),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        assert!(holds("GET /api/Leads", "leads") && holds("x", "X") && !holds("lead", "leads") && !holds("", "a"));
    }
}
