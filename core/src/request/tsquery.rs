//! The language of `fts`: words joined by `&`, `|`, `!`, `<->` and parentheses (Postgres, "tsquery").
//!
//! A query that `to_tsquery` cannot read is an error of syntax to Postgres, as if the statement itself were broken.
//! So it is read here, and what reaches Postgres is written anew, with every word in quotes.

/// Most characters of a query.
const MAX_LENGTH: usize = 4_096;
/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;
/// Longest distance of `<N>`.
const MAX_DISTANCE: u32 = 16_384;

/// Where a query cannot be read, in bytes, and what was expected there.
#[derive(Debug)]
pub struct Fault {
    /// The place in the text.
    pub at: usize,
    /// What could have stood there.
    pub expected: &'static str,
}

/// Reads a query and writes it so that Postgres reads it.
///
/// # Errors
/// The place where it cannot be read.
pub fn read(text: &str) -> Result<String, Fault> {
    if text.chars().count() > MAX_LENGTH {
        return Err(Fault {
            at: 0,
            expected: "at most 4096 characters",
        });
    }
    let mut reader = Words {
        text,
        at: 0,
        out: String::new(),
    };
    reader.expression(0)?;
    if reader.peek().is_some() {
        return Err(reader.fault("`&`, `|`, `<->` or the end"));
    }
    Ok(reader.out)
}

struct Words<'a> {
    text: &'a str,
    at: usize,
    out: String,
}

impl Words<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    fn expression(&mut self, depth: usize) -> Result<(), Fault> {
        loop {
            self.operand(depth)?;
            match self.peek() {
                Some(c @ ('&' | '|')) => {
                    self.at += 1;
                    self.out.push(c);
                }
                Some('<') => {
                    let Some((distance, length)) = distance(self.rest()) else {
                        return Err(self.fault("`<->`, or `<N>` with a number up to 16384"));
                    };
                    self.at += length;
                    self.out.push_str(&format!("<{distance}>"));
                }
                _ => return Ok(()),
            }
        }
    }

    fn operand(&mut self, depth: usize) -> Result<(), Fault> {
        let mut negations = 0;
        while self.peek() == Some('!') {
            negations += 1;
            if negations > MAX_DEPTH {
                return Err(self.fault("at most 32 times `!`"));
            }
            self.at += 1;
            self.out.push('!');
        }
        if self.peek() == Some('(') {
            if depth >= MAX_DEPTH {
                return Err(self.fault("at most 32 levels"));
            }
            self.at += 1;
            self.out.push('(');
            self.expression(depth + 1)?;
            if self.peek() != Some(')') {
                return Err(self.fault("`&`, `|`, `<->` or `)`"));
            }
            self.at += 1;
            self.out.push(')');
            return Ok(());
        }
        let word = self.word()?;
        self.out.push('\'');
        self.out.push_str(&word.replace('\\', "\\\\").replace('\'', "''"));
        self.out.push('\'');
        if self.rest().starts_with(':') {
            self.at += 1;
            let rest = self.rest();
            let length = rest
                .find(|c: char| !matches!(c, 'a'..='d' | 'A'..='D' | '*'))
                .unwrap_or(rest.len());
            if length == 0 {
                return Err(self.fault("`*` or a weight of A to D"));
            }
            let weights = rest.get(..length).unwrap_or("").to_owned();
            self.at += length;
            self.out.push(':');
            self.out.push_str(&weights);
        }
        Ok(())
    }

    /// `word` or `'several words'`, in which a quote is doubled; `\` takes the next character as it is.
    fn word(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let quoted = self.peek() == Some('\'');
        if quoted {
            self.at += 1;
        }
        let mut word = String::new();
        while let Some(c) = self.rest().chars().next() {
            if quoted && c == '\'' {
                self.at += 1;
                if !self.rest().starts_with('\'') {
                    return if word.trim().is_empty() {
                        self.at = start;
                        Err(self.fault("a word"))
                    } else {
                        Ok(word)
                    };
                }
                self.at += 1;
                word.push('\'');
                continue;
            }
            let ends = c.is_whitespace() || matches!(c, '&' | '|' | '!' | '(' | ')' | ':' | '\'');
            if !quoted && (ends || distance(self.rest()).is_some()) {
                break;
            }
            self.at += c.len_utf8();
            if c == '\\' {
                match self.rest().chars().next() {
                    Some(c) => {
                        self.at += c.len_utf8();
                        word.push(c);
                    }
                    None => return Err(self.fault("a character after `\\`")),
                }
            } else {
                word.push(c);
            }
        }
        if quoted {
            return Err(self.fault("a closing `'`"));
        }
        if word.trim().is_empty() {
            return Err(self.fault("a word"));
        }
        Ok(word)
    }
}

/// `<->` or `<N>` at the start of a text, with its length.
fn distance(text: &str) -> Option<(u32, usize)> {
    let inner = text.strip_prefix('<')?;
    let length = inner.find('>')?;
    let number = inner.get(..length)?;
    if number == "-" {
        return Some((1, 3));
    }
    let digits = !number.is_empty() && number.len() <= 5 && number.bytes().all(|b| b.is_ascii_digit());
    let distance = number.parse().ok().filter(|n| digits && *n <= MAX_DISTANCE)?;
    Some((distance, length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        for (text, written) in [
            ("cat", "'cat'"),
            ("cat&rat", "'cat'&'rat'"),
            (" cat | ! rat ", "'cat'|!'rat'"),
            ("(a|b)&c:*", "('a'|'b')&'c':*"),
            ("a<->b", "'a'<1>'b'"),
            ("a <3> b:AB", "'a'<3>'b':AB"),
            ("'it''s here'", "'it''s here'"),
            (r"a\&b", "'a&b'"),
            ("a<b", "'a<b'"),
        ] {
            assert_eq!(read(text).ok().as_deref(), Some(written), "{text}");
        }
        for (text, at) in [
            ("", 0),
            ("a b", 2),
            ("a&", 2),
            ("&a", 0),
            ("(a", 2),
            ("a)", 1),
            ("a:x", 2),
            ("'a", 2),
            ("''", 0),
            ("a <99999> b", 2),
            ("!", 1),
            ("a\\", 2),
        ] {
            assert_eq!(read(text).err().map(|fault| fault.at), Some(at), "{text}");
        }
        assert!(read(&"(".repeat(50)).is_err() && read(&"!".repeat(50)).is_err() && read(&"a".repeat(5000)).is_err());
    }
}
