//! Suggestions for mistyped names.

/// The candidate nearest to `wrong`, if it is near enough to be what was meant.
///
/// The distance counts inserted, removed, replaced and swapped characters, upper and lower case aside;
/// it may be a third of the word, and a word that starts with the other counts as near from three characters on.
#[must_use]
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name of a kilobyte is no slip, and comparing costs the product of the lengths.
    if wrong.len() > 128 {
        return None;
    }
    let lower = wrong.to_lowercase();
    let length = lower.chars().count();
    let allowed = (length / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::osa_distance(&lower, &other);
            let prefix = length >= 3 && (other.starts_with(&lower) || lower.starts_with(&other) && other.len() >= 3);
            // A word of one letter is near to every other such word.
            let near = distance <= allowed && distance < length;
            (near || prefix).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `x`?``, or a list of what there is; nothing when there is nothing.
#[must_use]
pub fn help<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(wrong, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    list(candidates).map(|names| format!("there is {names}"))
}

/// At most twelve names, then how many more.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => None,
        n if n > SHOWN => Some(format!("{} and {} more", shown.join(", "), n - SHOWN)),
        _ => Some(shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let words = ["format", "normalize", "ge", "le", "min_length", "max_length", "pattern"];
        for (wrong, right) in [
            ("formt", Some("format")),
            ("Format", Some("format")),
            ("min_lenght", Some("min_length")),
            ("normalise", Some("normalize")),
            ("max", Some("max_length")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, words), right, "{wrong}");
        }
    }

    #[test]
    fn otherwise_all_are_listed() {
        assert_eq!(help("zzzzzz", ["a", "b"]).as_deref(), Some("there is `a`, `b`"));
        assert_eq!(help("zzzzzz", []), None);
        let many: Vec<String> = (0..20).map(|n| format!("table{n}")).collect();
        let text = help("zzzzzz", many.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert!(text.ends_with("`table11` and 8 more"), "{text}");
    }
}
