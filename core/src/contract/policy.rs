//! Which columns a policy compares with who asks: those are what an index is to begin with.

use super::sql_expr::{Token, tokens};
use crate::catalog::Relation;

/// What a policy's condition looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Columns of the table, in the order of the condition.
    pub columns: Vec<String>,
    /// Whether an index is needed for each of them, as any may let a row in; otherwise one of them will do.
    pub each: bool,
}

/// Keywords that stand before a parenthesis which is no call.
const BEFORE: &[&str] = &["AND", "OR", "NOT", "WHERE", "SELECT", "WHEN", "THEN", "ELSE", "ON"];
/// Keywords that may follow a type.
const AFTER: &[&str] = &["AND", "OR", "IN", "IS", "NOT", "THEN", "END", "AS"];
/// Operators that an index looks up.
const LOOKED_UP: &[&str] = &["=", "@>", "&&"];

/// The columns of `relation` that `expression` (as `pg_get_expr` spells it) compares with something that is no constant.
#[must_use]
pub fn compared(relation: &Relation, expression: &str) -> Compared {
    let tokens = tokens(expression).unwrap_or_default();
    let mut found = Compared {
        each: tokens.iter().any(|token| word(token) == Some("OR")),
        ..Compared::default()
    };
    for (at, token) in tokens.iter().enumerate() {
        let (Token::Word(name) | Token::Quoted(name)) = token else {
            continue;
        };
        if relation.column(name).is_none() || found.columns.contains(name) {
            continue;
        }
        if looked_up(relation, &tokens, at) {
            found.columns.push(name.clone());
        }
    }
    found
}

/// Whether the name at `at` is a column of the table, beside an operator that an index looks up.
fn looked_up(relation: &Relation, tokens: &[Token], at: usize) -> bool {
    let mark = |at: usize, wanted: &str| matches!(tokens.get(at), Some(Token::Mark(mark)) if mark == wanted);
    if mark(at + 1, "(") || mark(at + 1, ".") {
        return false;
    }
    // Below a subquery names are qualified, and most of them are another table's.
    let mut left = at;
    if at >= 2 && mark(at - 1, ".") {
        if tokens.get(at - 2).and_then(name) != Some(&relation.name.name) {
            return false;
        }
        left = at - 2;
        if left >= 2 && mark(left - 1, ".") {
            left -= 2;
        }
    }
    let mut right = at + 1;
    loop {
        if mark(right, "::") {
            right = after_type(tokens, right + 1);
        } else if mark(right, ")") && left >= 1 && mark(left - 1, "(") && !is_call(tokens, left - 1) {
            (left, right) = (left - 1, right + 1);
        } else {
            break;
        }
    }
    match tokens.get(right) {
        Some(Token::Mark(operator)) if LOOKED_UP.contains(&operator.as_str()) => !is_constant(tokens, right + 1),
        Some(Token::Word(keyword)) if keyword == "IN" => true,
        _ => left >= 1 && mark(left - 1, "="),
    }
}

/// The place behind a type, which may have several words, a length and brackets.
fn after_type(tokens: &[Token], mut at: usize) -> usize {
    loop {
        match tokens.get(at) {
            Some(Token::Word(word)) if AFTER.contains(&word.as_str()) => return at,
            Some(Token::Word(_) | Token::Quoted(_)) => at += 1,
            Some(Token::Mark(mark)) if matches!(mark.as_str(), "." | "[" | "]") => at += 1,
            Some(Token::Mark(mark)) if mark == "(" => {
                at += tokens
                    .iter()
                    .skip(at)
                    .take_while(|token| !matches!(token, Token::Mark(mark) if mark == ")"))
                    .count()
                    + 1;
            }
            _ => return at,
        }
    }
}

/// Whether the parenthesis at `at` opens the arguments of a call.
fn is_call(tokens: &[Token], at: usize) -> bool {
    match at.checked_sub(1).and_then(|before| tokens.get(before)) {
        Some(Token::Word(word)) => !BEFORE.contains(&word.as_str()),
        Some(Token::Quoted(_)) => true,
        _ => false,
    }
}

/// Whether a constant begins at `at`, or a list of them.
fn is_constant(tokens: &[Token], at: usize) -> bool {
    let opens = |token: &&Token| match token {
        Token::Mark(mark) => matches!(mark.as_str(), "(" | "["),
        Token::Word(word) => matches!(word.as_str(), "ANY" | "ARRAY"),
        _ => false,
    };
    match tokens.iter().skip(at).find(|token| !opens(token)) {
        Some(Token::Text(_) | Token::Number(_)) => true,
        Some(Token::Word(word)) => matches!(word.as_str(), "true" | "false" | "NULL"),
        _ => false,
    }
}

fn word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

fn name(token: &Token) -> Option<&String> {
    match token {
        Token::Word(name) | Token::Quoted(name) => Some(name),
        _ => None,
    }
}
