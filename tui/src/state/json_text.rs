//! JSON as text: laid out for reading, or on one line. Sign by sign, so that numbers stay as they are written and a text
//! that was cut off can be shown, too.

use serde_json::value::RawValue;

/// On one line, without spaces between its signs.
#[must_use]
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut text = Text::default();
    out.extend(json.chars().filter(|c| text.takes(*c) || !c.is_whitespace()));
    out
}

/// Laid out with two spaces per level.
#[must_use]
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut text = Text::default();
    let mut level = 0_usize;
    let mut signs = json.chars().peekable();
    while let Some(c) = signs.next() {
        if text.takes(c) {
            out.push(c);
            continue;
        }
        match c {
            '{' | '[' => {
                while signs.next_if(|next| next.is_whitespace()).is_some() {}
                out.push(c);
                match signs.next_if(|next| *next == '}' || *next == ']') {
                    Some(end) => out.push(end),
                    None => {
                        level += 1;
                        new_line(&mut out, level);
                    }
                }
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                new_line(&mut out, level);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, level);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    // Nobody reads what is nested deeper, and a hostile reply must not fill the memory with spaces.
    out.extend(std::iter::repeat_n("  ", level.min(20)));
}

/// Where a text is no JSON: the character's place, counted from 0, and what is wrong.
#[must_use]
pub fn wrong(json: &str) -> Option<(usize, String)> {
    let error = serde_json::from_str::<&RawValue>(json).err()?;
    let line = json.split('\n').take(error.line().saturating_sub(1));
    let start: usize = line.map(|line| line.len() + 1).sum();
    let bytes = (start + error.column().saturating_sub(1)).min(json.len());
    let place = json.char_indices().take_while(|(at, _)| *at < bytes).count();
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    Some((place, message))
}

/// Whether one is within a string.
#[derive(Debug, Default)]
struct Text {
    inside: bool,
    escaped: bool,
}

impl Text {
    /// Takes the next sign; whether it belongs to a string, its quotes included.
    fn takes(&mut self, c: char) -> bool {
        if !self.inside {
            self.inside = c == '"';
            return self.inside;
        }
        if self.escaped {
            self.escaped = false;
        } else {
            self.escaped = c == '\\';
            self.inside = c != '"';
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_every_sign_that_counts() {
        let json = "{ \"a\" : [ 1.50, {} , [ ] ],\n\"b \\\" c\": \"x , {y}\" }";
        assert_eq!(compact(json), r#"{"a":[1.50,{},[]],"b \" c":"x , {y}"}"#);
        assert_eq!(
            pretty(json),
            "{\n  \"a\": [\n    1.50,\n    {},\n    []\n  ],\n  \"b \\\" c\": \"x , {y}\"\n}"
        );
        // Cut off in the middle of a string.
        assert_eq!(pretty(r#"[{"a":"b c"#), "[\n  {\n    \"a\": \"b c");
        assert_eq!(pretty("]]"), "\n]\n]");
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (json, expected) in [
            (r#"{"a": 1}"#, None),
            (r#"{"a": }"#, Some((6, "expected value"))),
            ("{\"ü\": tru}", Some((9, "expected ident"))),
            ("{", Some((0, "EOF while parsing an object"))),
            ("{}x", Some((2, "trailing characters"))),
        ] {
            let expected = expected.map(|(at, message)| (at, message.to_owned()));
            assert_eq!(wrong(json), expected, "{json}");
        }
    }
}
