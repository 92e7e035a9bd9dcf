//! Gathers violations with the way to each, and makes the one error of them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::error::{Error, Step, Violation};
use crate::request::json::Json;

/// Most violations that one error tells; more are only counted.
const MOST: usize = 100;

/// Most violations named in the error's details.
const NAMED: usize = 20;

/// An `input` longer than this many bytes is left out.
pub(super) const INPUT_LIMIT: usize = 256;

/// The way to a value, kept on the stack: nothing is allocated for a value that is right.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    here: Here<'a>,
}

#[derive(Clone, Copy)]
enum Here<'a> {
    Name(&'a str),
    Index(usize),
    Steps(&'a [Step]),
}

impl<'a> At<'a> {
    /// The start of the way: `body`.
    pub(super) fn root(name: &'a str) -> Self {
        Self {
            parent: None,
            here: Here::Name(name),
        }
    }

    /// A way that was taken elsewhere.
    pub(super) fn steps(steps: &'a [Step]) -> Self {
        Self {
            parent: None,
            here: Here::Steps(steps),
        }
    }

    /// On to a field.
    pub(super) fn name(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            here: Here::Name(name),
        }
    }

    /// On to an item.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            here: Here::Index(index),
        }
    }

    fn loc(&self) -> Vec<Step> {
        let mut loc = self.parent.map(Self::loc).unwrap_or_default();
        match self.here {
            Here::Name(name) => loc.push(name.into()),
            Here::Index(index) => loc.push(index.into()),
            Here::Steps(steps) => loc.extend_from_slice(steps),
        }
        loc
    }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Report {
    violations: Vec<Violation>,
    count: usize,
}

impl Report {
    /// Adds a violation; `input` is the value as it came.
    pub(super) fn add(
        &mut self,
        at: &At<'_>,
        kind: &'static str,
        msg: impl Into<String>,
        input: Option<&Json<'_>>,
        ctx: Option<Value>,
    ) {
        self.count += 1;
        if !self.is_full() {
            self.violations.push(Violation {
                kind: kind.into(),
                loc: at.loc(),
                msg: msg.into(),
                input: input.and_then(|value| value.to_raw(INPUT_LIMIT)),
                ctx,
            });
        }
    }

    /// Adds a violation that was found elsewhere.
    pub(super) fn push(&mut self, violation: Violation) {
        self.count += 1;
        if !self.is_full() {
            self.violations.push(violation);
        }
    }

    /// Whether more violations are only counted, so that their words need not be found.
    pub(super) fn is_full(&self) -> bool {
        self.violations.len() >= MOST
    }

    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The violations that are told.
    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// The error to answer with, or nothing when all is well.
    pub(super) fn into_error(self) -> Option<Error> {
        if self.violations.is_empty() {
            return None;
        }
        let details = details(&self.violations, self.count);
        Some(Error::invalid_of(self.violations, self.count).with_details(details))
    }
}

/// `email: not an e-mail address; score: must be at most 100`.
fn details(violations: &[Violation], count: usize) -> String {
    let mut text = String::new();
    for (position, violation) in violations.iter().take(NAMED).enumerate() {
        if position > 0 {
            text.push_str("; ");
        }
        for (depth, step) in violation.loc.iter().skip(1).enumerate() {
            if depth > 0 {
                text.push('.');
            }
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Name(name) => write!(text, "{}", clip(name)),
                Step::Index(index) => write!(text, "{index}"),
            };
        }
        if violation.loc.len() > 1 {
            text.push_str(": ");
        }
        text.push_str(&violation.msg);
    }
    if count > NAMED {
        let _ = write!(text, "; and {} more", count - NAMED);
    }
    text
}

/// Enough of a name that a client made up.
pub(super) fn clip(name: &str) -> String {
    name.chars().take(60).collect()
}

/// `1 item`, `2 items`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// `'new', 'open' or 'won'`.
pub(super) fn alternatives(words: &[String]) -> String {
    let mut text = String::new();
    for (position, word) in words.iter().enumerate() {
        if position > 0 {
            text.push_str(if position + 1 == words.len() { " or " } else { ", " });
        }
        text.push('\'');
        text.push_str(word);
        text.push('\'');
    }
    text
}
