//! Reads an operator with its operand: `gte.50`, `like(any).{a*,b*}`, `fts(english).cat&rat`.

use super::filter::{Comparison, Is, Operand, Operator, Pattern, Quantifier, Relation, Search};
use super::reader::{Ending, Reader, clip};
use super::tsquery;
use crate::error::Result;

/// Every operator, for messages and the docs.
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
    "match",
    "imatch",
    "fts",
    "plfts",
    "phfts",
    "wfts",
    "cs",
    "cd",
    "ov",
    "sl",
    "sr",
    "nxr",
    "nxl",
    "adj",
];

/// Most values of one list.
const MAX_VALUES: usize = 10_000;
/// Most characters of a regular expression: Postgres compiles it for each statement, in memory of its own.
const MAX_REGEX: usize = 1_000;

/// What stands in parentheses behind an operator.
struct Modifier {
    word: String,
    /// Where it stands.
    at: usize,
}

pub(super) fn operator(reader: &mut Reader<'_>, ending: Ending) -> Result<Operator> {
    let rest = reader.rest();
    let length = rest.find(['.', ',', ')', '(']).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or("");
    let follows = rest.get(length..).unwrap_or("");
    if !OPERATORS.contains(&word) || !(follows.starts_with('.') || follows.starts_with('(')) {
        let error = reader.expected("an operator and `.`");
        let hint = match crate::suggest::nearest(word, OPERATORS.iter().copied()) {
            Some(near) if !OPERATORS.contains(&word) => format!("did you mean `{near}`?"),
            _ if matches!(reader.parameter(), "and" | "or" | "not.and" | "not.or") => format!(
                "write for example `{}=(column.eq.value,other.gt.value)`; operators are {}",
                reader.parameter(),
                OPERATORS.join(", ")
            ),
            _ => format!(
                "write for example `{}=eq.value`; operators are {}",
                clip(reader.parameter()),
                OPERATORS.join(", ")
            ),
        };
        return Err(error.with_hint(hint));
    }
    reader.at += length;
    let modifier = modifier(reader)?;
    if !reader.eat(".") {
        return Err(reader.expected("`.` and a value"));
    }
    let compare = |comparison| Kind::Compare(comparison);
    let kind = match word {
        "eq" => compare(Comparison::Eq),
        "neq" => compare(Comparison::Neq),
        "gt" => compare(Comparison::Gt),
        "gte" => compare(Comparison::Gte),
        "lt" => compare(Comparison::Lt),
        "lte" => compare(Comparison::Lte),
        "like" => Kind::Pattern(Pattern::Like),
        "ilike" => Kind::Pattern(Pattern::Ilike),
        "match" => Kind::Pattern(Pattern::Match),
        "imatch" => Kind::Pattern(Pattern::Imatch),
        "fts" => Kind::Search(Search::Operators),
        "plfts" => Kind::Search(Search::Plain),
        "phfts" => Kind::Search(Search::Phrase),
        "wfts" => Kind::Search(Search::Web),
        "cs" => Kind::Relate(Relation::Contains),
        "cd" => Kind::Relate(Relation::ContainedIn),
        "ov" => Kind::Relate(Relation::Overlaps),
        "sl" => Kind::Relate(Relation::Left),
        "sr" => Kind::Relate(Relation::Right),
        "nxr" => Kind::Relate(Relation::NotRight),
        "nxl" => Kind::Relate(Relation::NotLeft),
        "adj" => Kind::Relate(Relation::Adjacent),
        "in" => Kind::In,
        "is" => Kind::Is,
        _ => Kind::IsDistinct,
    };
    let quantifier = quantifier(reader, &kind, word, modifier.as_ref())?;
    Ok(match kind {
        Kind::Compare(comparison) => Operator::Compare(comparison, operand(reader, quantifier, ending)?),
        Kind::Pattern(pattern) => Operator::Pattern(pattern, self::pattern(reader, pattern, quantifier, ending)?),
        Kind::Search(form) => search(reader, form, modifier, ending)?,
        Kind::Relate(relation) => Operator::Relate(relation, reader.value(ending)?),
        Kind::In => Operator::In(list(reader)?),
        Kind::Is => is(reader, ending)?,
        Kind::IsDistinct => Operator::IsDistinct(reader.value(ending)?),
    })
}

enum Kind {
    Compare(Comparison),
    Pattern(Pattern),
    Search(Search),
    Relate(Relation),
    In,
    Is,
    IsDistinct,
}

/// `(any)`, `(all)`, `(english)`.
fn modifier(reader: &mut Reader<'_>) -> Result<Option<Modifier>> {
    if !reader.eat("(") {
        return Ok(None);
    }
    let at = reader.at;
    let rest = reader.rest();
    let Some(length) = rest.find(')').filter(|length| (1..=64).contains(length)) else {
        return Err(reader.expected("a word and `)`"));
    };
    let word = rest.get(..length).unwrap_or("").to_owned();
    reader.at += length + 1;
    Ok(Some(Modifier { word, at }))
}

fn quantifier(
    reader: &mut Reader<'_>,
    kind: &Kind,
    word: &str,
    modifier: Option<&Modifier>,
) -> Result<Option<Quantifier>> {
    let Some(modifier) = modifier else {
        return Ok(None);
    };
    let quantifiable =
        !matches!(kind, Kind::Compare(Comparison::Neq)) && matches!(kind, Kind::Compare(_) | Kind::Pattern(_));
    let expected = match (kind, modifier.word.as_str()) {
        (Kind::Search(_), _) => return Ok(None),
        (_, "any") if quantifiable => return Ok(Some(Quantifier::Any)),
        (_, "all") if quantifiable => return Ok(Some(Quantifier::All)),
        _ if quantifiable => "any or all".to_owned(),
        _ => format!("`.`, as `{word}` takes nothing in parentheses"),
    };
    reader.at = if quantifiable { modifier.at } else { modifier.at - 1 };
    Err(reader.expected(&expected))
}

fn operand(reader: &mut Reader<'_>, quantifier: Option<Quantifier>, ending: Ending) -> Result<Operand> {
    Ok(match quantifier {
        Some(quantifier) => Operand::Many(quantifier, braces(reader, ending)?),
        None => Operand::One(reader.value(ending)?),
    })
}

fn pattern(
    reader: &mut Reader<'_>,
    pattern: Pattern,
    quantifier: Option<Quantifier>,
    ending: Ending,
) -> Result<Operand> {
    let start = reader.at;
    let mut operand = operand(reader, quantifier, ending)?;
    let values = match &mut operand {
        Operand::One(value) => std::slice::from_mut(value),
        Operand::Many(_, values) => values.as_mut_slice(),
    };
    for value in values {
        if pattern.is_regex() {
            if value.chars().count() > MAX_REGEX {
                reader.at = start;
                return Err(reader.expected(&format!("a pattern of at most {MAX_REGEX} characters")));
            }
            continue;
        }
        *value = value.replace('*', "%");
        // A pattern must not end in an escape: Postgres refuses it with 22025.
        let escapes = value.chars().rev().take_while(|c| *c == '\\').count();
        if escapes % 2 == 1 {
            return Err(reader.expected("a character after the last `\\`"));
        }
    }
    Ok(operand)
}

fn search(reader: &mut Reader<'_>, form: Search, modifier: Option<Modifier>, ending: Ending) -> Result<Operator> {
    let language = match modifier {
        Some(Modifier { word, at }) => {
            let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !plain || word.starts_with(|c: char| c.is_ascii_digit()) {
                reader.at = at;
                return Err(reader.expected("a language such as english"));
            }
            Some(word.to_ascii_lowercase())
        }
        None => None,
    };
    let start = reader.at;
    let text = reader.value(ending)?;
    let query = match form {
        Search::Operators => tsquery::read(&text).map_err(|fault| {
            // Inside of quotes the place cannot be told exactly.
            reader.at = start + if ending == Ending::End { fault.at } else { 0 };
            reader.expected(fault.expected)
        })?,
        Search::Plain | Search::Phrase | Search::Web => text,
    };
    Ok(Operator::Search { form, language, query })
}

fn is(reader: &mut Reader<'_>, ending: Ending) -> Result<Operator> {
    let start = reader.at;
    let word = reader.value(ending)?.to_ascii_lowercase();
    Ok(Operator::Is(match word.as_str() {
        "null" => Is::Null,
        "not_null" => Is::NotNull,
        "true" => Is::True,
        "false" => Is::False,
        "unknown" => Is::Unknown,
        _ => {
            reader.at = start;
            return Err(reader.expected("null, not_null, true, false or unknown"));
        }
    }))
}

/// `(a,b,"c,d")`; `()` is the empty list, which no row is in.
fn list(reader: &mut Reader<'_>) -> Result<Vec<String>> {
    if !reader.eat("(") {
        return Err(reader.expected("`(` and a list"));
    }
    let mut values = Vec::new();
    if reader.eat(")") {
        return Ok(values);
    }
    loop {
        values.push(reader.value(Ending::Member)?);
        if values.len() > MAX_VALUES {
            return Err(reader.expected(&format!("at most {MAX_VALUES} values")));
        }
        if reader.eat(")") {
            return Ok(values);
        }
        if !reader.eat(",") {
            return Err(reader.expected("`,` or `)`"));
        }
    }
}

/// `{a,"b,c"}`, the values of `any` and `all`; perhaps in quotes as a whole, as a member of a tree.
fn braces(reader: &mut Reader<'_>, ending: Ending) -> Result<Vec<String>> {
    if ending == Ending::Member && reader.next_is("\"") {
        let text = reader.quoted()?;
        let parameter = reader.parameter();
        let mut inner = Reader::new(parameter, &text);
        let values = braced(&mut inner)?;
        if !inner.ended() {
            return Err(inner.expected("the end"));
        }
        return Ok(values);
    }
    braced(reader)
}

fn braced(reader: &mut Reader<'_>) -> Result<Vec<String>> {
    if !reader.eat("{") {
        return Err(reader.expected("`{` and a list"));
    }
    let mut values = Vec::new();
    if reader.eat("}") {
        return Ok(values);
    }
    loop {
        let value = if reader.next_is("\"") {
            reader.quoted()?
        } else {
            item(reader)?
        };
        values.push(value);
        if values.len() > MAX_VALUES {
            return Err(reader.expected(&format!("at most {MAX_VALUES} values")));
        }
        if reader.eat("}") {
            return Ok(values);
        }
        if !reader.eat(",") {
            return Err(reader.expected("`,` or `}`"));
        }
    }
}

/// An unquoted item, as Postgres reads array literals: `\` takes the next character as it is.
fn item(reader: &mut Reader<'_>) -> Result<String> {
    let start = reader.at;
    let mut value = String::new();
    let mut chars = reader.rest().char_indices();
    let mut length = reader.rest().len();
    while let Some((index, c)) = chars.next() {
        match c {
            ',' | '}' => {
                length = index;
                break;
            }
            '{' | '"' => {
                reader.at += index;
                return Err(reader.expected("a value, in quotes where it holds braces or quotes"));
            }
            '\\' => match chars.next() {
                Some((_, c)) => value.push(c),
                None => {
                    reader.at += index + 1;
                    return Err(reader.expected("a character after `\\`"));
                }
            },
            c => value.push(c),
        }
    }
    reader.at += length;
    let value = value.trim().to_owned();
    if value.is_empty() || value.eq_ignore_ascii_case("null") {
        reader.at = start;
        return Err(reader.expected("a value, in quotes where it is empty or the word null"));
    }
    Ok(value)
}
