//! The reader: one pass over the bytes, no allocation but for arrays, objects and strings with escapes.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Json, JsonError, MAX_DEPTH, MAX_DIGITS, MAX_EXPONENT};

/// Up to this many entries, each key is compared with those before it; beyond, keys are hashed.
const SMALL_OBJECT: usize = 16;

/// Reads a body that is one JSON value.
///
/// # Errors
///
/// The first thing that is not strict JSON, with its place.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, JsonError> {
    read(bytes, MAX_DEPTH)
}

/// Reads JSON that this program wrote itself; `serde_json` and Postgres nest deeper than a body may.
pub(crate) fn parse_stored(bytes: &[u8]) -> Result<Json<'_>, JsonError> {
    read(bytes, 256)
}

fn read(bytes: &[u8], max_depth: u32) -> Result<Json<'_>, JsonError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(locate(bytes, error.valid_up_to(), "this is not UTF-8".to_owned())),
    };
    let mut reader = Reader {
        text,
        bytes,
        at: 0,
        max_depth,
    };
    reader
        .document()
        .map_err(|fault| locate(bytes, fault.at, fault.message))
}

fn locate(bytes: &[u8], offset: usize, message: String) -> JsonError {
    let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or(bytes));
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    JsonError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        offset,
        message,
    }
}

/// Boxed, so that a `Result` of a value stays as small as the value.
type Parsed<T> = Result<T, Box<Fault>>;

struct Fault {
    at: usize,
    message: String,
}

fn fault<T>(at: usize, message: impl Into<String>) -> Parsed<T> {
    Err(Box::new(Fault {
        at,
        message: message.into(),
    }))
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    max_depth: u32,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Parsed<Json<'a>> {
        if self.text.starts_with('\u{feff}') {
            return fault(0, "the body starts with a byte order mark; send plain UTF-8");
        }
        if self.next().is_none() {
            return fault(0, "the body is empty; a JSON value was expected");
        }
        let value = self.value(0)?;
        if self.next().is_some() {
            return fault(self.at, "there is text after the end of the JSON value");
        }
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no white space; it is not consumed.
    fn next(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn value(&mut self, depth: u32) -> Parsed<Json<'a>> {
        match self.next() {
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.no_value(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Parsed<Json<'a>> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        self.no_value()
    }

    /// Says what stands where a value should, in the words of whoever made the usual mistakes.
    fn no_value<T>(&self) -> Parsed<T> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let message = match rest.chars().next() {
            None => "the body ends where a value was expected".to_owned(),
            Some('}' | ']') => "a value was expected before this bracket; a trailing comma is not JSON".to_owned(),
            Some('\'') => "strings stand in double quotes".to_owned(),
            Some('/' | '#') => "JSON has no comments".to_owned(),
            Some('+') => "a number does not start with `+`".to_owned(),
            Some('.') => "a number starts with a digit: 0.5, not .5".to_owned(),
            Some(first) => {
                let word: String = rest.chars().take_while(char::is_ascii_alphabetic).take(12).collect();
                match word.as_str() {
                    "NaN" | "Infinity" => format!("{word} is not JSON; send null or leave the field out"),
                    "True" | "False" => format!("write `{}` in lower case", word.to_ascii_lowercase()),
                    "None" | "undefined" => format!("`{word}` is not JSON; write `null`"),
                    "" => format!("a value was expected, not {first:?}"),
                    _ => format!("`{word}` is not a JSON value; strings stand in double quotes"),
                }
            }
        };
        fault(self.at, message)
    }

    fn nested(&self, depth: u32) -> Parsed<u32> {
        if depth >= self.max_depth {
            return fault(self.at, format!("more than {} levels are nested", self.max_depth));
        }
        Ok(depth + 1)
    }

    fn array(&mut self, depth: u32) -> Parsed<Json<'a>> {
        let depth = self.nested(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        if self.next() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            match self.next() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                Some(_) => return fault(self.at, "`,` or `]` was expected in this array"),
                None => return fault(self.at, "the body ends inside an array"),
            }
        }
    }

    fn object(&mut self, depth: u32) -> Parsed<Json<'a>> {
        let start = self.at;
        let inner = self.nested(depth)?;
        self.at += 1;
        if self.next() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(Vec::new()));
        }
        // A body is most often one object of several fields; inner ones are small.
        let mut entries: Vec<(Cow<'a, str>, Json<'a>)> = Vec::with_capacity(if depth == 0 { 8 } else { 1 });
        loop {
            match self.next() {
                Some(b'"') => {}
                Some(b'}') => return fault(self.at, "a trailing comma is not JSON"),
                Some(_) => return fault(self.at, "a key in double quotes was expected"),
                None => return fault(self.at, "the body ends inside an object"),
            }
            let key_at = self.at;
            let key = self.string()?;
            if entries.len() < SMALL_OBJECT && entries.iter().any(|(earlier, _)| *earlier == key) {
                return fault(key_at, format!("the key {:?} comes twice", clip(&key)));
            }
            if self.next() != Some(b':') {
                return fault(self.at, format!("`:` was expected after the key {:?}", clip(&key)));
            }
            self.at += 1;
            let value = self.value(inner)?;
            entries.push((key, value));
            match self.next() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(_) => return fault(self.at, "`,` or `}` was expected in this object"),
                None => return fault(self.at, "the body ends inside an object"),
            }
        }
        if entries.len() > SMALL_OBJECT {
            self.distinct(&entries, start)?;
        }
        Ok(Json::Object(entries))
    }

    fn distinct(&self, entries: &[(Cow<'a, str>, Json<'a>)], start: usize) -> Parsed<()> {
        let mut seen: HashSet<&str> = HashSet::with_capacity(entries.len());
        for (key, _) in entries {
            if seen.insert(key) {
                continue;
            }
            // A key without escapes is a piece of the body, so its address tells where it stands.
            let at = match key {
                Cow::Borrowed(piece) => (piece.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize + 1),
                Cow::Owned(_) => start,
            };
            return fault(at, format!("the key {:?} comes twice", clip(key)));
        }
        Ok(())
    }

    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        let start = self.at + 1;
        self.at = start;
        self.plain();
        if self.peek() == Some(b'"') {
            let piece = self.text.get(start..self.at).unwrap_or_default();
            self.at += 1;
            return Ok(Cow::Borrowed(piece));
        }
        let mut whole = String::new();
        let mut piece_start = start;
        loop {
            whole.push_str(self.text.get(piece_start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(whole));
                }
                Some(b'\\') => whole.push(self.escape()?),
                Some(0) => return fault(self.at, "U+0000 cannot be stored"),
                Some(_) => {
                    return fault(
                        self.at,
                        "a control character in a string must be escaped, for example \\n",
                    );
                }
                None => return fault(start - 1, "the string that starts here does not end"),
            }
            piece_start = self.at;
            self.plain();
        }
    }

    /// Moves on to the next quote, backslash or control character.
    fn plain(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest
            .iter()
            .position(|b| *b < 0x20 || *b == b'"' || *b == b'\\')
            .unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 2;
        Ok(match self.bytes.get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return fault(start, "a backslash starts an escape that JSON does not have"),
        })
    }

    fn unicode(&mut self, start: usize) -> Parsed<char> {
        let first = self.hex(start)?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                return fault(start, "this is one half of a surrogate pair without the other");
            }
            self.at += 2;
            let second = self.hex(start)?;
            if !(0xdc00..0xe000).contains(&second) {
                return fault(start, "this is one half of a surrogate pair without the other");
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some('\0') => fault(start, "U+0000 cannot be stored"),
            Some(character) => Ok(character),
            None => fault(start, "this is one half of a surrogate pair without the other"),
        }
    }

    fn hex(&mut self, start: usize) -> Parsed<u32> {
        let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
        let code = digits
            .iter()
            .try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?));
        match code {
            Some(code) if digits.len() == 4 => {
                self.at += 4;
                Ok(code)
            }
            _ => fault(start, "\\u takes four hexadecimal digits"),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Parsed<Json<'a>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let mut digits = self.digits();
        if digits == 0 {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if rest.starts_with("Infinity") || rest.starts_with("NaN") {
                return self.no_value();
            }
            return fault(start, "a digit was expected after `-`");
        }
        if leading_zero && digits > 1 {
            return fault(start, "a number does not start with a zero, unless it is 0 or 0.…");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            let fraction = self.digits();
            if fraction == 0 {
                return fault(start, "a digit was expected after the decimal point");
            }
            digits += fraction;
        }
        if digits > MAX_DIGITS {
            return fault(start, format!("a number has at most {MAX_DIGITS} digits"));
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            let from = self.at;
            if self.digits() == 0 {
                return fault(start, "a digit was expected in the exponent");
            }
            let power = self.text.get(from..self.at).unwrap_or_default().trim_start_matches('0');
            if power.len() > 6 || power.parse::<u32>().unwrap_or(0) > MAX_EXPONENT {
                return fault(start, format!("an exponent lies within ±{MAX_EXPONENT}"));
            }
        }
        if self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_')
        {
            return fault(start, "this is not a JSON number");
        }
        Ok(Json::Number(self.text.get(start..self.at).unwrap_or_default()))
    }
}

/// Enough of a key to recognise it by.
fn clip(key: &str) -> String {
    key.chars().take(60).collect()
}
