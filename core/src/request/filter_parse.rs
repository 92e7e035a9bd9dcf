//! Reads filters: `score=gte.50`, `or=(a.lt.1,not.and(b.eq.2,c.is.null))`, `name=in.(a,"b,c")`.

use super::filter::{Comparison, Filter, Is, Operator, Test};
use crate::error::{Code, Error, Result};

/// Every operator of this version, for messages and the docs.
pub const OPERATORS: &[&str] = &[
    "eq",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "is",
    "isdistinct",
    "like",
    "ilike",
];

/// Deepest nesting of `and(…)`/`or(…)`.
const MAX_DEPTH: usize = 16;
/// Most conditions of one request.
const MAX_CONDITIONS: usize = 200;

/// Reads `column=operand`, as it stands in the query string (already percent-decoded).
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub fn column(name: &str, operand: &str) -> Result<Filter> {
    let mut reader = Reader {
        parameter: name,
        text: operand,
        at: 0,
        conditions: 0,
    };
    let negated = reader.eat("not.");
    let operator = reader.operator(Ending::End)?;
    Ok(wrap(
        negated,
        Filter::Test(Test {
            column: name.to_owned(),
            operator,
        }),
    ))
}

/// Reads the value of `and`, `or`, `not.and` and `not.or`.
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub fn logic(name: &str, operand: &str) -> Result<Filter> {
    let mut reader = Reader {
        parameter: name,
        text: operand,
        at: 0,
        conditions: 0,
    };
    let (negated, word) = name.strip_prefix("not.").map_or((false, name), |word| (true, word));
    let members = reader.members(1)?;
    if !reader.rest().is_empty() {
        return Err(reader.expected("the end"));
    }
    Ok(wrap(negated, join(word == "or", members)))
}

fn wrap(negated: bool, filter: Filter) -> Filter {
    if negated { Filter::Not(Box::new(filter)) } else { filter }
}

fn join(any: bool, members: Vec<Filter>) -> Filter {
    if any {
        Filter::Any(members)
    } else {
        Filter::All(members)
    }
}

/// Where an unquoted value stops.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// At the end of the text: the value of a parameter of its own.
    End,
    /// At a comma or a closing parenthesis: a member of a list or a tree.
    Member,
}

struct Reader<'a> {
    parameter: &'a str,
    text: &'a str,
    at: usize,
    conditions: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expected(&self, what: &str) -> Error {
        let position = self.text.get(..self.at).unwrap_or(self.text).chars().count() + 1;
        let found = self
            .rest()
            .chars()
            .next()
            .map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
        Error::new(
            Code::BadQuery,
            format!("Query parameter `{}` cannot be read", clip(self.parameter)),
        )
        .with_details(format!("character {position}: expected {what}, found {found}"))
    }

    /// `(member,member,…)`.
    fn members(&mut self, depth: usize) -> Result<Vec<Filter>> {
        if depth > MAX_DEPTH {
            return Err(self.expected(&format!("at most {MAX_DEPTH} levels")));
        }
        if !self.eat("(") {
            return Err(self.expected("`(`"));
        }
        let mut members = Vec::new();
        loop {
            members.push(self.member(depth)?);
            if self.eat(")") {
                return Ok(members);
            }
            if !self.eat(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    fn member(&mut self, depth: usize) -> Result<Filter> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(self.expected(&format!("at most {MAX_CONDITIONS} conditions")));
        }
        let start = self.at;
        let negated = self.eat("not.");
        for (word, any) in [("and", false), ("or", true)] {
            if self.rest().starts_with(word) && self.rest().get(word.len()..).is_some_and(|r| r.starts_with('(')) {
                self.at += word.len();
                return Ok(wrap(negated, join(any, self.members(depth + 1)?)));
            }
        }
        // A column may itself be called `not`.
        self.at = start;
        let column = self.name()?;
        if !self.eat(".") {
            return Err(self.expected("`.` and an operator"));
        }
        let negated = self.eat("not.");
        let operator = self.operator(Ending::Member)?;
        Ok(wrap(negated, Filter::Test(Test { column, operator })))
    }

    fn name(&mut self) -> Result<String> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let length = self
            .rest()
            .find(['.', ',', '(', ')', ':', '"'])
            .unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or("");
        if name.is_empty() {
            return Err(self.expected("a column"));
        }
        self.at += length;
        Ok(name.to_owned())
    }

    fn operator(&mut self, ending: Ending) -> Result<Operator> {
        let start = self.at;
        let length = self.rest().find(['.', ',', ')', '(']).unwrap_or(self.rest().len());
        let word = self.rest().get(..length).unwrap_or("");
        let dotted = self.rest().get(length..).is_some_and(|rest| rest.starts_with('.'));
        if !dotted || !OPERATORS.contains(&word) {
            let error = self.expected("an operator and `.`");
            self.at = start;
            let hint = match crate::suggest::nearest(word, OPERATORS.iter().copied()) {
                Some(near) if !OPERATORS.contains(&word) => format!("did you mean `{near}`?"),
                _ => format!(
                    "write for example `{}=eq.value`; operators are {}",
                    clip(self.parameter),
                    OPERATORS.join(", ")
                ),
            };
            return Err(error.with_hint(hint));
        }
        self.at += length + 1;
        let comparison = match word {
            "eq" => Comparison::Eq,
            "neq" => Comparison::Neq,
            "gt" => Comparison::Gt,
            "gte" => Comparison::Gte,
            "lt" => Comparison::Lt,
            "lte" => Comparison::Lte,
            "in" => return Ok(Operator::In(self.list()?)),
            "is" => return self.is(ending),
            "isdistinct" => return Ok(Operator::IsDistinct(self.value(ending)?)),
            _ => {
                let pattern = self.value(ending)?.replace('*', "%");
                // A pattern must not end in an escape: Postgres refuses it with 22025.
                let escapes = pattern.chars().rev().take_while(|c| *c == '\\').count();
                if escapes % 2 == 1 {
                    return Err(self.expected("a character after the last `\\`"));
                }
                return Ok(Operator::Like {
                    pattern,
                    ignore_case: word == "ilike",
                });
            }
        };
        Ok(Operator::Compare(comparison, self.value(ending)?))
    }

    fn is(&mut self, ending: Ending) -> Result<Operator> {
        let start = self.at;
        let word = self.value(ending)?.to_ascii_lowercase();
        Ok(Operator::Is(match word.as_str() {
            "null" => Is::Null,
            "not_null" => Is::NotNull,
            "true" => Is::True,
            "false" => Is::False,
            "unknown" => Is::Unknown,
            _ => {
                self.at = start;
                return Err(self.expected("null, not_null, true, false or unknown"));
            }
        }))
    }

    /// `(a,b,"c,d")`; `()` is the empty list, which no row is in.
    fn list(&mut self) -> Result<Vec<String>> {
        if !self.eat("(") {
            return Err(self.expected("`(` and a list"));
        }
        let mut values = Vec::new();
        if self.eat(")") {
            return Ok(values);
        }
        loop {
            values.push(self.value(Ending::Member)?);
            if values.len() > 10_000 {
                return Err(self.expected("at most 10000 values"));
            }
            if self.eat(")") {
                return Ok(values);
            }
            if !self.eat(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    fn value(&mut self, ending: Ending) -> Result<String> {
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
    fn quoted(&mut self) -> Result<String> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        let mut escaped = false;
        for c in self.rest().chars() {
            self.at += c.len_utf8();
            match c {
                _ if escaped => {
                    value.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => return Ok(value),
                '\0' => break,
                _ => value.push(c),
            }
        }
        self.at = start;
        Err(self.expected("a closing `\"`"))
    }
}

/// Up to a comma or an unmatched `)`; braces hold array literals such as `{a,b}` together.
fn member_length(text: &str) -> usize {
    let mut braces = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            ',' | ')' if braces == 0 => return index,
            _ => {}
        }
    }
    text.len()
}

/// A client's word, short enough to repeat in a message.
pub(super) fn clip(word: &str) -> String {
    if word.chars().count() <= 64 {
        word.to_owned()
    } else {
        format!("{}…", word.chars().take(63).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(column: &str, operator: Operator) -> Filter {
        Filter::Test(Test {
            column: column.into(),
            operator,
        })
    }

    #[test]
    fn reads() {
        let lt = |v: &str| Operator::Compare(Comparison::Lt, v.into());
        let cases = [
            (column("a", "lt.1"), test("a", lt("1"))),
            (column("a", "not.lt.1"), Filter::Not(Box::new(test("a", lt("1"))))),
            (
                column("a", "eq.x.y,z)"),
                test("a", Operator::Compare(Comparison::Eq, "x.y,z)".into())),
            ),
            (
                column("a", "eq."),
                test("a", Operator::Compare(Comparison::Eq, String::new())),
            ),
            (
                column("a", r#"in.(1,"b,\"c",)"#),
                test("a", Operator::In(vec!["1".into(), "b,\"c".into(), String::new()])),
            ),
            (column("a", "in.()"), test("a", Operator::In(vec![]))),
            (column("a", "is.null"), test("a", Operator::Is(Is::Null))),
            (
                column("a", "ilike.*x*"),
                test(
                    "a",
                    Operator::Like {
                        pattern: "%x%".into(),
                        ignore_case: true,
                    },
                ),
            ),
            (
                logic("or", "(a.lt.1,b.lt.2)"),
                Filter::Any(vec![test("a", lt("1")), test("b", lt("2"))]),
            ),
            (
                logic("not.and", "(a.not.lt.1,or(b.lt.2,c.not.lt.3),not.or(a.lt.1))").map(|_| test("x", lt("0"))),
                test("x", lt("0")),
            ),
        ];
        for (got, want) in cases {
            assert_eq!(got.unwrap(), want);
        }
    }

    #[test]
    fn refuses() {
        for (name, text, part) in [
            ("a", "5", "operator"),
            ("a", "qe.5", "operator"),
            ("a", "in.5", "`(`"),
            ("a", "in.(1,2", "`,` or `)`"),
            ("a", "is.maybe", "null"),
            ("a", "like.a\\", "after the last"),
            ("or", "(a.lt.1", "`,` or `)`"),
            ("or", "a.lt.1", "`(`"),
            ("or", "(a.lt.1)x", "the end"),
            ("or", "(\"a.lt.1)", "closing"),
        ] {
            let error = if name == "or" {
                logic(name, text)
            } else {
                column(name, text)
            }
            .unwrap_err();
            assert!(error.details().unwrap().contains(part), "{text}: {:?}", error.details());
        }
        let deep = format!("{}a.eq.1{}", "(and".repeat(40), ")".repeat(40));
        assert!(logic("or", &deep).is_err());
    }
}
