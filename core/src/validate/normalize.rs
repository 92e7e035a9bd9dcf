//! Changes that a contract makes to a string before its rules are checked.

use std::borrow::Cow;

use crate::contract::Normalize;

/// Applies the steps in order; borrows when nothing changes.
pub(super) fn normalize<'a>(text: &'a str, steps: &[Normalize]) -> Cow<'a, str> {
    let mut current = Cow::Borrowed(text);
    for step in steps {
        current = match current {
            Cow::Borrowed(text) => apply(text, *step),
            Cow::Owned(text) => match apply(&text, *step) {
                Cow::Borrowed(part) if part.len() == text.len() => Cow::Owned(text),
                changed => Cow::Owned(changed.into_owned()),
            },
        };
    }
    current
}

fn apply(text: &str, step: Normalize) -> Cow<'_, str> {
    match step {
        Normalize::Trim => Cow::Borrowed(text.trim()),
        Normalize::Lowercase if is_ascii_without(text, |b| b.is_ascii_uppercase()) => Cow::Borrowed(text),
        Normalize::Lowercase => Cow::Owned(text.to_lowercase()),
        Normalize::Uppercase if is_ascii_without(text, |b| b.is_ascii_lowercase()) => Cow::Borrowed(text),
        Normalize::Uppercase => Cow::Owned(text.to_uppercase()),
        Normalize::CollapseWhitespace => collapse(text),
    }
}

fn is_ascii_without(text: &str, refused: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(|b| b.is_ascii() && !refused(b))
}

/// Each run of white space becomes one space, at the ends too.
fn collapse(text: &str) -> Cow<'_, str> {
    let mut after_space = false;
    let clean = text.chars().all(|c| {
        let good = if c.is_whitespace() {
            c == ' ' && !after_space
        } else {
            true
        };
        after_space = c.is_whitespace();
        good
    });
    if clean {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut after_space = false;
    for c in text.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !after_space {
            out.push(' ');
        }
        after_space = c.is_whitespace();
    }
    Cow::Owned(out)
}
