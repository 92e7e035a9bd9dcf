//! Lists of column names, as `columns` and `on_conflict` take them: `a,b`, or `"with space","a,b"`.

use super::reader::place;
use crate::error::{Code, Error, Result};

/// Reads a list of names; each may stand in double quotes, with `\"` and `\\` inside of them.
///
/// # Errors
/// `bad_query` for an empty name, a name that comes twice and quotes that do not end.
pub fn parse(parameter: &str, text: &str) -> Result<Vec<String>> {
    let wrong = |rest: &str, what: &str| {
        Error::new(Code::BadQuery, format!("Query parameter `{parameter}` cannot be read"))
            .with_details(place(text, text.len() - rest.len(), what))
            .with_hint(format!(
                "write `{parameter}=a,b`, with quotes around names that hold commas"
            ))
    };
    let mut names: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_name(quoted).ok_or_else(|| wrong(rest, "a closing `\"`"))?
        } else {
            let (name, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            (name.trim().to_owned(), after)
        };
        if name.is_empty() {
            return Err(wrong(rest, "a name"));
        }
        if names.contains(&name) {
            return Err(wrong(rest, "a name that has not come before"));
        }
        names.push(name);
        let after = after.trim_start();
        if after.is_empty() {
            return Ok(names);
        }
        rest = match after.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None => return Err(wrong(after, "`,` or the end")),
        };
    }
}

/// The name up to the closing quote, and what follows it.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((name, text.get(at + 1..)?)),
            _ => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (text, names) in [
            ("a", vec!["a"]),
            ("a,b", vec!["a", "b"]),
            (" a , b ", vec!["a", "b"]),
            (r#""a","b,c","d \" e\\""#, vec!["a", "b,c", "d \" e\\"]),
            (r#""a" , b"#, vec!["a", "b"]),
        ] {
            assert_eq!(parse("columns", text).unwrap(), names, "{text}");
        }
        for text in ["", ",", "a,", ",a", "a,,b", "a,a", "\"a", "\"a\"b", "\"\""] {
            assert_eq!(parse("columns", text).unwrap_err().code(), Code::BadQuery, "{text}");
        }
    }
}
