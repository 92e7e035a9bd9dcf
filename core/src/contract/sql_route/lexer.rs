//! SQL as far as named parameters need it: what is text, what is a comment, and where `:name` stands for a value.
//!
//! The rules are those of Postgres's own scanner (`src/backend/parser/scan.l`) with `standard_conforming_strings = on`.
//! A parameter becomes `$n`; everything else is copied, and the place of each piece is kept, so that what Postgres says
//! of the text that it is sent is told of the file.

use std::ops::Range;

/// One statement of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What Postgres is sent: comments are gone, parameters are `$1 …`.
    pub text: String,
    /// The name of each `$n` in order of the numbers, with the byte in the file where it stands first.
    pub names: Vec<(String, usize)>,
    /// Its first word in lower case; `(` for a query in brackets.
    pub word: String,
    /// Its first byte in the file.
    pub start: usize,
    /// Pieces of `text` by their first byte, with the byte in the file that they come from.
    pieces: Vec<(usize, usize)>,
}

impl Step {
    /// The byte in the file for the character of `text` with this number, which Postgres counts from 1.
    #[must_use]
    pub fn place(&self, character: usize) -> usize {
        let mut characters = self.text.char_indices().map(|(byte, _)| byte);
        let byte = characters.nth(character.saturating_sub(1)).unwrap_or(self.text.len());
        let piece = self.pieces.iter().rev().find(|(sent, _)| *sent <= byte);
        let Some((sent, file)) = piece else {
            return self.start;
        };
        let next = self.pieces.iter().find(|(start, _)| start > sent);
        let is_parameter = self.text.get(*sent..).is_some_and(|rest| rest.starts_with('$'))
            && next.is_none_or(|(start, _)| *start > byte);
        // A parameter is written otherwise in the file: its start is meant.
        if is_parameter { *file } else { file + (byte - sent) }
    }
}

/// A mistake: its bytes in the file, what is wrong, and what to do.
pub type Mistake = (Range<usize>, String, Option<String>);

/// The statements of a file from byte `from` on, and what is wrong with them.
#[must_use]
pub fn split(file: &str, from: usize) -> (Vec<Step>, Vec<Mistake>) {
    let mut lexer = Lexer {
        file,
        at: from,
        steps: Vec::new(),
        step: Step::default(),
        brackets: Vec::new(),
        value: false,
        ended: None,
        mistakes: Vec::new(),
    };
    while lexer.at < file.len() {
        lexer.token();
    }
    lexer.end(file.len()..file.len());
    (lexer.steps, lexer.mistakes)
}

/// What separates the statements, on a line of its own.
const THEN: &str = "then";
/// Words behind which a value begins: none has ended with them.
const OPENING: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "desc",
    "distinct",
    "else",
    "escape",
    "except",
    "from",
    "having",
    "ilike",
    "in",
    "intersect",
    "is",
    "like",
    "limit",
    "not",
    "offset",
    "on",
    "or",
    "order",
    "select",
    "similar",
    "some",
    "symmetric",
    "then",
    "to",
    "union",
    "using",
    "values",
    "when",
    "where",
];

struct Lexer<'a> {
    file: &'a str,
    at: usize,
    steps: Vec<Step>,
    step: Step,
    /// Brackets that are open.
    brackets: Vec<u8>,
    /// Whether a value ended just before: a colon in square brackets is that of a slice then.
    value: bool,
    /// Where a semicolon ended the statement.
    ended: Option<usize>,
    mistakes: Vec<Mistake>,
}

impl Lexer<'_> {
    fn rest(&self) -> &[u8] {
        self.file.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.rest().get(ahead).copied().unwrap_or_default()
    }

    fn wrong(&mut self, at: Range<usize>, message: impl Into<String>, help: Option<&str>) {
        self.mistakes.push((at, message.into(), help.map(str::to_owned)));
    }

    /// Reads one token, which may be white space or a comment.
    fn token(&mut self) {
        let (first, second) = (self.byte(0), self.byte(1));
        match first {
            b'-' if second == b'-' => self.line_comment(),
            b'/' if second == b'*' => self.block_comment(),
            _ if first.is_ascii_whitespace() || first == 0x0b => {
                self.step.gap(Some(first));
                self.at += 1;
            }
            b'\'' => self.quoted(0, false),
            b'"' => self.quoted(0, false),
            b'e' | b'E' if second == b'\'' => self.quoted(1, true),
            b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if second == b'\'' => self.quoted(1, false),
            b'u' | b'U' if second == b'&' && matches!(self.byte(2), b'\'' | b'"') => self.quoted(2, false),
            _ if is_start(first) => {
                let length = self.rest().iter().take_while(|byte| is_inside(**byte)).count();
                let word = self.file.get(self.at..self.at + length).unwrap_or_default();
                let value = !OPENING.iter().any(|known| known.eq_ignore_ascii_case(word));
                self.copy(length, value);
            }
            b'0'..=b'9' => {
                let in_number = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'.');
                let length = self.rest().iter().take_while(in_number).count();
                self.copy(length, true);
            }
            b'$' => self.dollar(),
            b':' => self.colon(),
            b';' => {
                self.ended.get_or_insert(self.at);
                self.at += 1;
            }
            b'(' | b'[' | b'{' => {
                self.brackets.push(first);
                self.copy(1, false);
            }
            b')' | b']' | b'}' => {
                self.brackets.pop();
                self.copy(1, true);
            }
            _ => self.copy(1, false),
        }
    }

    /// Takes bytes over as they are; `value` tells whether a value may end with them.
    fn copy(&mut self, length: usize, value: bool) {
        let length = length.max(1);
        self.begin(self.at..self.at + length);
        let piece = self.file.get(self.at..self.at + length).unwrap_or_default();
        self.step.put(piece, self.at);
        self.at += length;
        self.value = value;
    }

    /// Notes the start of a statement, and refuses a second one behind a semicolon.
    fn begin(&mut self, token: Range<usize>) {
        if self.step.word.is_empty() {
            self.step.start = token.start;
            self.step.word = self.file.get(token.clone()).unwrap_or_default().to_ascii_lowercase();
        }
        if let Some(semicolon) = self.ended.take() {
            let help = "write `-- then` on a line of its own between statements; they run in one transaction";
            self.wrong(semicolon..semicolon + 1, "another statement follows here", Some(help));
        }
    }

    fn line_comment(&mut self) {
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let span = self.at..self.at + length;
        let words = self.file.get(self.at + 2..span.end).unwrap_or_default();
        let before = self.file.get(..self.at).unwrap_or_default();
        let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        let alone = line.bytes().all(|byte| byte.is_ascii_whitespace());
        self.step.gap(None);
        self.at = span.end;
        if !words.trim().eq_ignore_ascii_case(THEN) {
            return;
        }
        if alone {
            self.end(span);
        } else {
            let help = "it stands on a line of its own; another comment is worded otherwise";
            self.wrong(span, "`-- then` stands behind other text", Some(help));
        }
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0_usize;
        self.step.gap(None);
        while self.at < self.file.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
        self.wrong(start..start + 2, "this comment has no end", Some("close it with `*/`"));
    }

    /// A text or a name in quotes, behind `prefix` letters.
    fn quoted(&mut self, prefix: usize, escapes: bool) {
        let start = self.at;
        let quote = self.byte(prefix);
        let mut at = prefix + 1;
        loop {
            match self.rest().get(at) {
                None => {
                    let what = if quote == b'"' { "name in quotes" } else { "text" };
                    self.wrong(start..start + 1, format!("this {what} has no end"), None);
                    break self.copy(self.file.len() - start, true);
                }
                Some(b'\\') if escapes => at += 2,
                Some(byte) if *byte == quote => {
                    at += 1;
                    if self.rest().get(at) == Some(&quote) {
                        at += 1;
                    } else if let Some(more) = escapes.then(|| continued(self.rest().get(at..)?)).flatten() {
                        // As SQL has it, a text goes on in the next line, with the same rules.
                        at += more;
                    } else {
                        break self.copy(at.min(self.file.len() - start), true);
                    }
                }
                Some(_) => at += 1,
            }
        }
    }

    /// `$tag$ … $tag$`, or a number of Postgres's own, which stands for nothing here.
    fn dollar(&mut self) {
        let rest = self.rest();
        let length = rest.iter().skip(1).take_while(|byte| is_tag(**byte)).count();
        let numbered = rest.get(1).is_some_and(u8::is_ascii_digit);
        if rest.get(length + 1) == Some(&b'$') && !numbered {
            let tag = self.file.get(self.at..self.at + length + 2).unwrap_or_default();
            let body = self.file.get(self.at + length + 2..).unwrap_or_default();
            if let Some(close) = body.find(tag) {
                self.copy(close + 2 * tag.len(), true);
            } else {
                let message = format!("this text has no end: `{tag}` is missing");
                self.wrong(self.at..self.at + tag.len(), message, None);
                self.copy(self.file.len() - self.at, true);
            }
            return;
        }
        if numbered {
            let help = "write `:name`, and say under `[params.name]` where its value comes from";
            self.wrong(self.at..self.at + 1, "parameters have names here", Some(help));
        }
        self.copy(1, false);
    }

    fn colon(&mut self) {
        if matches!(self.byte(1), b':' | b'=') {
            return self.copy(2, false);
        }
        // `array[1:upper]` is a slice; `array[:n]` and `array[1 + :n]` have parameters.
        let slice = self.value && self.brackets.last() == Some(&b'[');
        let first = self.byte(1);
        if slice || !(first.is_ascii_alphabetic() || first == b'_') {
            return self.copy(1, false);
        }
        let name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let length = self.rest().iter().skip(1).take_while(name).count();
        let span = self.at..self.at + length + 1;
        if !self.file.is_char_boundary(span.end) || self.rest().get(length + 1).is_some_and(|byte| !byte.is_ascii()) {
            let help = "the name of a parameter has letters a to z, digits and `_`";
            self.wrong(span.clone(), "this is no name of a parameter", Some(help));
        }
        self.begin(span.clone());
        let name = self.file.get(span.start + 1..span.end).unwrap_or_default();
        self.step.parameter(name, span.start);
        self.at = span.end;
        self.value = true;
    }

    /// Ends a statement.
    fn end(&mut self, at: Range<usize>) {
        let mut step = std::mem::take(&mut self.step);
        step.text.truncate(step.text.trim_end().len());
        if step.text.is_empty() {
            let help = "below the front matter stands the SQL of the route";
            self.wrong(at.clone(), "there is no statement before this", Some(help));
        }
        if !self.brackets.is_empty() && at.start < at.end {
            self.wrong(at, "`-- then` stands inside of brackets", Some("close them before"));
        }
        self.brackets.clear();
        self.ended = None;
        self.value = false;
        self.steps.push(step);
    }
}

impl Step {
    /// White space is kept as it is, a new line above all: texts in two lines are one. A comment is a space.
    fn gap(&mut self, white: Option<u8>) {
        let apart = self.text.is_empty() || white.is_none() && self.text.ends_with([' ', '\n']);
        if !apart {
            self.text.push(white.map_or(' ', char::from));
        }
    }

    fn put(&mut self, piece: &str, from: usize) {
        self.pieces.push((self.text.len(), from));
        self.text.push_str(piece);
    }

    /// `$n`, apart from what stands before it: `limit:n` must not become one word.
    fn parameter(&mut self, name: &str, from: usize) {
        let known = self.names.iter().position(|(known, _)| known == name);
        let number = known.unwrap_or_else(|| {
            self.names.push((name.to_owned(), from));
            self.names.len() - 1
        });
        if self
            .text
            .bytes()
            .last()
            .is_some_and(|byte| is_inside(byte) || byte == b':')
        {
            self.text.push(' ');
        }
        self.put(&format!("${}", number + 1), from);
        // What follows begins anew: `:a$b$` must not become `$1$b$`.
        self.pieces.push((self.text.len(), from + name.len() + 1));
    }
}

/// How far the next part of a text goes on, its quote included, if there is one: a new line must stand in between.
fn continued(rest: &[u8]) -> Option<usize> {
    let (mut at, mut line) = (0, false);
    loop {
        match rest.get(at)? {
            b'\n' | b'\r' => line = true,
            byte if byte.is_ascii_whitespace() => {}
            b'-' if rest.get(at + 1) == Some(&b'-') => {
                at += rest.get(at..)?.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
                continue;
            }
            b'\'' if line => return Some(at + 1),
            _ => return None,
        }
        at += 1;
    }
}

/// A name's first byte.
fn is_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}

/// A byte inside of a name.
fn is_inside(byte: u8) -> bool {
    is_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// A byte of the tag of a text in dollars.
fn is_tag(byte: u8) -> bool {
    is_start(byte) || byte.is_ascii_digit()
}

#[cfg(test)]
#[path = "lexer_tests.rs"]
mod tests;
