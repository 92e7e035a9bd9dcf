//! A reader for the SQL expressions that Postgres prints (`pg_get_constraintdef`, `pg_get_expr`).
//!
//! It understands a small part, and keeps what it does not as [`Expr::Unknown`], parenthesis by parenthesis:
//! Postgres prints every nesting with parentheses, so one odd part does not spoil its neighbours.

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A column, or `VALUE` in a domain.
    Name(String),
    /// A number without quotes, as written.
    Number(String),
    /// A string in quotes.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// `NULL`.
    Null,
    /// `operand::type`; the type as written.
    Cast(Box<Expr>, String),
    /// A call of an unqualified function, its name in lower case.
    Call(String, Vec<Expr>),
    /// `ARRAY[…]`.
    Array(Vec<Expr>),
    /// `left op right`; `right` of `= ANY (…)` is [`Expr::Any`].
    Compare(Box<Expr>, String, Box<Expr>),
    /// `ANY (…)`.
    Any(Box<Expr>),
    /// Two or more joined by AND.
    And(Vec<Expr>),
    /// Two or more joined by OR.
    Or(Vec<Expr>),
    /// Anything else.
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name without quotes, as written.
    Word(String),
    Quoted(String),
    Number(String),
    Text(String),
    /// `( ) [ ] , . ::` and operators.
    Mark(String),
}

/// Reads an expression; `None` when its text cannot be read at all.
pub(super) fn parse(text: &str) -> Option<Expr> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let expr = parser.or()?;
    (parser.at == tokens.len()).then_some(expr)
}

pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '\'' || first == '"' {
            let (value, length) = quoted(rest, first)?;
            let token = if first == '"' {
                Token::Quoted(value)
            } else {
                Token::Text(value)
            };
            (token, length)
        } else if first.is_ascii_digit() {
            let length = number_length(rest);
            (Token::Number(rest.get(..length)?.to_owned()), length)
        } else if first.is_alphabetic() || first == '_' {
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len());
            let word = rest.get(..length)?;
            // E'…', B'…' and the like are not plain strings.
            if rest.get(length..).is_some_and(|r| r.starts_with('\'')) {
                return None;
            }
            (Token::Word(word.to_owned()), length)
        } else if rest.starts_with("::") {
            (Token::Mark("::".to_owned()), 2)
        } else if OPERATOR.contains(first) {
            let length = rest.find(|c: char| !OPERATOR.contains(c)).unwrap_or(rest.len());
            (Token::Mark(rest.get(..length)?.to_owned()), length)
        } else if "()[],.:".contains(first) {
            (Token::Mark(first.to_string()), 1)
        } else {
            return None;
        };
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// The value between quotes, where a doubled quote stands for one, and the length of all.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            value.push(quote);
        } else {
            return Some((value, at + 1));
        }
    }
    None
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes
            .get(from..)
            .map_or(0, |b| b.iter().take_while(|c| c.is_ascii_digit()).count())
    };
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        if digits(length + 1 + sign) > 0 {
            length += 1 + sign + digits(length + 1 + sign);
        }
    }
    length
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn mark(&mut self, mark: &str) -> Option<()> {
        let found = matches!(self.peek(), Some(Token::Mark(m)) if m == mark);
        self.at += usize::from(found);
        found.then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found.then_some(())
    }

    fn or(&mut self) -> Option<Expr> {
        let mut parts = vec![self.and()?];
        while self.word("or").is_some() {
            parts.push(self.and()?);
        }
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(Expr::Or(parts))
        }
    }

    fn and(&mut self) -> Option<Expr> {
        let mut parts = vec![self.compare()?];
        while self.word("and").is_some() {
            parts.push(self.compare()?);
        }
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(Expr::And(parts))
        }
    }

    fn compare(&mut self) -> Option<Expr> {
        let mut negated = false;
        while self.word("not").is_some() {
            negated = true;
        }
        let compared = self.compare_plain()?;
        Some(if negated { Expr::Unknown } else { compared })
    }

    fn compare_plain(&mut self) -> Option<Expr> {
        let left = self.cast()?;
        if self.word("is").is_some() {
            // IS [NOT] NULL, TRUE …: read over, as nothing is derived from it.
            while let Some(Token::Word(word)) = self.peek() {
                if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") {
                    break;
                }
                self.at += 1;
            }
            return Some(Expr::Unknown);
        }
        let Some(Token::Mark(operator)) = self.peek() else {
            return Some(left);
        };
        if matches!(operator.as_str(), ")" | "]" | "," | "." | "::" | "(" | "[" | ":") {
            return Some(left);
        }
        let operator = operator.clone();
        self.at += 1;
        let right = self.cast()?;
        Some(Expr::Compare(Box::new(left), operator, Box::new(right)))
    }

    fn cast(&mut self) -> Option<Expr> {
        let mut operand = self.primary()?;
        while self.mark("::").is_some() {
            operand = Expr::Cast(Box::new(operand), self.type_name()?);
        }
        Some(operand)
    }

    /// `numeric`, `character varying(20)`, `public.lead_status`, `text[]`, `timestamp(3) with time zone`.
    fn type_name(&mut self) -> Option<String> {
        let mut name = match self.peek()? {
            Token::Word(word) => word.clone(),
            Token::Quoted(word) => format!("\"{word}\""),
            _ => return None,
        };
        self.at += 1;
        loop {
            match self.peek() {
                Some(Token::Mark(mark)) if mark == "." => {
                    self.at += 1;
                    match self.peek()? {
                        Token::Word(word) => name = format!("{name}.{word}"),
                        Token::Quoted(word) => name = format!("{name}.\"{word}\""),
                        _ => return None,
                    }
                    self.at += 1;
                }
                Some(Token::Word(word))
                    if ["varying", "precision", "with", "without", "time", "zone"].contains(&word.as_str()) =>
                {
                    name = format!("{name} {word}");
                    self.at += 1;
                }
                Some(Token::Mark(mark)) if mark == "(" || mark == "[" => {
                    let close = if mark == "(" { ")" } else { "]" };
                    while let Some(token) = self.peek() {
                        match token {
                            Token::Mark(mark) | Token::Number(mark) => name.push_str(mark),
                            _ => return None,
                        }
                        self.at += 1;
                        if matches!(self.tokens.get(self.at - 1), Some(Token::Mark(m)) if m == close) {
                            break;
                        }
                    }
                }
                _ => return Some(name),
            }
        }
    }

    fn primary(&mut self) -> Option<Expr> {
        if self.depth > 100 {
            return None;
        }
        let token = self.peek()?.clone();
        let start = self.at;
        self.at += 1;
        match token {
            Token::Number(number) => Some(Expr::Number(number)),
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Quoted(name) => Some(self.named(Expr::Name(name))),
            Token::Mark(mark) if mark == "(" => {
                self.at = start;
                let mut inner = self.list("(", ")")?;
                Some(if inner.len() == 1 {
                    inner.pop().unwrap_or(Expr::Unknown)
                } else {
                    Expr::Unknown
                })
            }
            Token::Mark(mark) if mark == "-" => {
                self.depth += 1;
                let operand = self.cast();
                self.depth -= 1;
                Some(match operand? {
                    Expr::Number(number) => Expr::Number(format!("-{number}")),
                    _ => Expr::Unknown,
                })
            }
            Token::Mark(_) => None,
            Token::Word(word) => {
                let lower = word.to_lowercase();
                let next = |mark: &str| matches!(self.peek(), Some(Token::Mark(m)) if m == mark);
                match lower.as_str() {
                    "array" if next("[") => self.list("[", "]").map(Expr::Array),
                    "true" | "false" => Some(Expr::Bool(lower == "true")),
                    "null" => Some(Expr::Null),
                    _ if next("(") => {
                        let mut arguments = self.list("(", ")")?;
                        Some(match lower.as_str() {
                            "any" if arguments.len() == 1 => {
                                Expr::Any(Box::new(arguments.pop().unwrap_or(Expr::Unknown)))
                            }
                            "all" | "some" => Expr::Unknown,
                            "trim" => arguments.pop().unwrap_or(Expr::Unknown),
                            _ => Expr::Call(lower, arguments),
                        })
                    }
                    _ => Some(self.named(Expr::Name(word))),
                }
            }
        }
    }

    /// A qualified name or a name with a subscript is neither a plain column nor a plain function.
    fn named(&mut self, name: Expr) -> Expr {
        let mut plain = true;
        loop {
            if self.mark(".").is_some() {
                self.at += 1;
            } else if matches!(self.peek(), Some(Token::Mark(m)) if m == "(" || m == "[") {
                self.skip();
            } else {
                break;
            }
            plain = false;
        }
        if plain { name } else { Expr::Unknown }
    }

    /// `( a, b )`: parts that cannot be read make the whole one unknown.
    fn list(&mut self, open: &str, close: &str) -> Option<Vec<Expr>> {
        let start = self.at;
        self.mark(open)?;
        self.depth += 1;
        let parts = self.parts(close);
        self.depth -= 1;
        if parts.is_none() {
            self.at = start;
            self.skip()?;
            return Some(vec![Expr::Unknown]);
        }
        parts
    }

    fn parts(&mut self, close: &str) -> Option<Vec<Expr>> {
        let mut parts = Vec::new();
        if self.mark(close).is_some() {
            return Some(parts);
        }
        // TRIM(BOTH FROM x) is how Postgres prints btrim(x).
        let trim = self.word("both").and_then(|()| self.word("from")).is_some();
        loop {
            let part = self.or()?;
            parts.push(if trim {
                Expr::Call("btrim".to_owned(), vec![part])
            } else {
                part
            });
            if self.mark(close).is_some() {
                return Some(parts);
            }
            self.mark(",")?;
        }
    }

    /// Steps over a balanced pair.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            if let Token::Mark(mark) = self.peek()? {
                match mark.as_str() {
                    "(" | "[" => open += 1,
                    ")" | "]" => open = open.checked_sub(1)?,
                    _ => {}
                }
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_parts_stay_where_they_are() {
        let Some(Expr::And(parts)) =
            parse("((a > 0) AND (b ->> 'x' IS DISTINCT FROM c) AND (CASE WHEN a THEN b END = 1))")
        else {
            panic!("an AND");
        };
        assert_eq!(parts.len(), 3);
        assert!(matches!(&parts[0], Expr::Compare(..)));
        assert_eq!(parts[2], Expr::Unknown);
    }

    #[test]
    fn nonsense_ends() {
        for text in [
            "",
            "(",
            "((((",
            "a >",
            ")",
            "'open",
            "E'x'",
            "a ? b ::",
            "ARRAY[",
            "f(,)",
            "a.b.",
            "x::numeric(",
        ] {
            let _ = parse(text);
        }
        assert_eq!(parse(&"(".repeat(10_000)), None);
        let _ = parse(&format!("{}1{}", "(".repeat(500), ")".repeat(500)));
        let _ = parse(&"NOT ".repeat(200));
        let _ = parse(&"- ".repeat(200));
    }
}
