//! The front matter of a route's file: TOML between `/*---` and `---*/` in front of the SQL.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::DeTable;

use super::super::overlay::FieldOverlay;
use super::super::overlay_parse::{Key, LATER, Reader, Val, field_keys, owned};
use super::super::source::Source;
use super::super::{Grant, PageLimits};
use super::{Place, Returns};

const BEGIN: &str = "/*---";
const END: &str = "---*/";
const TOP: &[&str] = &[
    "route",
    "summary",
    "description",
    "tags",
    "deprecated",
    "access",
    "returns",
    "timeout",
    "cache",
    "page",
    "params",
];
/// Keys of a parameter beside those of a field.
const OWN: &[&str] = &["in", "name", "optional", "default"];
/// The longest that a statement may be given.
const LONGEST: Duration = Duration::from_hours(1);

/// What the front matter says.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub(super) route: Option<Spanned<String>>,
    pub(super) summary: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) deprecated: bool,
    pub(super) access: Option<Spanned<Vec<Grant>>>,
    pub(super) returns: Option<Spanned<Returns>>,
    pub(super) timeout: Option<Duration>,
    pub(super) cache: Option<Spanned<String>>,
    pub(super) page: Option<PageLimits>,
    pub(super) params: Vec<(Spanned<String>, Given)>,
}

/// `[params.NAME]`.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) place: Option<Spanned<Place>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) optional: Option<Spanned<bool>>,
    pub(super) default: Option<Spanned<Value>>,
    pub(super) field: FieldOverlay,
}

/// Most rows of a reply, where the file does not say.
const ROWS: PageLimits = PageLimits {
    default: 1_000,
    max: 1_000,
    max_stream: 1_000_000,
    max_bytes: None,
    max_groups: None,
};

impl Front {
    pub(super) fn page(&self) -> PageLimits {
        self.page.unwrap_or(ROWS)
    }
}

/// Where front matter is looked for in vain, and what is missing.
type Lacking = (Range<usize>, &'static str);

/// The bytes of the front matter in a file, and where the SQL begins.
fn find(text: &str) -> Result<(Range<usize>, usize), Lacking> {
    let lead = text.len()
        - text
            .trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
            .len();
    let rest = text.get(lead..).unwrap_or_default();
    if !rest.starts_with(BEGIN) {
        return Err((lead..lead, "the file does not begin with `/*---`"));
    }
    let start = lead + BEGIN.len();
    let inside = text.get(start..).unwrap_or_default();
    match inside.find(END) {
        Some(length) => Ok((start..start + length, start + length + END.len())),
        None => Err((lead..start, "the front matter has no end: `---*/` is missing")),
    }
}

/// Reads the front matter; gives it with the first byte of the SQL. Mistakes go to `source`.
pub(super) fn read(text: &str, source: &mut Source<'_>) -> Option<(Front, usize)> {
    let (range, sql) = match find(text) {
        Ok(found) => found,
        Err((at, message)) => {
            let help = "front matter in TOML stands above the SQL: `/*---`, lines such as `route = \"GET /api/report\"`, `---*/`";
            source.mistake(at, message, Some(help.to_owned()));
            return None;
        }
    };
    // What stands before it is blanked, so that places in it are places in the file.
    let blank = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
    let mut padded: String = text.bytes().take(range.start).map(blank).collect();
    padded.push_str(text.get(range).unwrap_or_default());
    let document = match DeTable::parse(&padded) {
        Ok(document) => document,
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            source.mistake(at, format!("not TOML: {}", error.message()), None);
            return None;
        }
    };
    let mut front = Front::default();
    let mut reader = Reader { source };
    for (key, value) in document.get_ref() {
        top(&mut reader, key, value, &mut front);
    }
    Some((front, sql))
}

fn top(reader: &mut Reader<'_, '_>, key: Key<'_, '_>, value: Val<'_, '_>, front: &mut Front) {
    match &**key.get_ref() {
        "route" => front.route = reader.text(key, value),
        "summary" => front.summary = reader.text(key, value).map(Spanned::into_inner),
        "description" => front.description = reader.text(key, value).map(Spanned::into_inner),
        "tags" => {
            let words = reader.words(key, value).unwrap_or_default();
            front.tags = words.into_iter().map(Spanned::into_inner).collect();
        }
        "deprecated" => front.deprecated = reader.flag(key, value).is_some_and(Spanned::into_inner),
        "access" => front.access = reader.grants(key, value),
        "returns" => {
            front.returns = reader.text(key, value).and_then(|text| {
                let returns = reader.choice(key, &text, Returns::ALL, Returns::parse)?;
                Some(Spanned::new(text.span(), returns))
            });
        }
        "timeout" => front.timeout = timeout(reader, key, value),
        "cache" => {
            front.cache = reader.text(key, value);
            if let Some(text) = &front.cache
                && (text.get_ref().is_empty() || !text.get_ref().bytes().all(|byte| matches!(byte, b' '..=b'~')))
            {
                reader.wrong(
                    key,
                    value.span(),
                    "a value of Cache-Control, such as \"public, max-age=60\"",
                    None,
                );
            }
        }
        "page" => front.page = Some(page(reader, key, value)),
        "params" => {
            for (name, value) in reader.table(key, value).into_iter().flatten() {
                let given = parameter(reader, name, value);
                front.params.push((owned(name), given));
            }
        }
        later if LATER.contains(&later) => reader.source.mistake(
            key.span(),
            format!("`{later}` is not available in this version"),
            Some("take it out; it is refused because leaving it unread could open what it should close".to_owned()),
        ),
        _ => reader.unknown(key, TOP),
    }
}

fn timeout(reader: &mut Reader<'_, '_>, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Duration> {
    let text = reader.text(key, value)?;
    let duration = duration(text.get_ref()).filter(|duration| (Duration::from_millis(1)..=LONGEST).contains(duration));
    if duration.is_none() {
        reader.wrong(
            key,
            value.span(),
            "a time from 1ms to 60m, such as \"500ms\", \"5s\" or \"2m\"",
            None,
        );
    }
    duration
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.trim_end().parse().ok()?;
    match text.get(digits.len()..)? {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

fn page(reader: &mut Reader<'_, '_>, key: Key<'_, '_>, value: Val<'_, '_>) -> PageLimits {
    let mut page = ROWS;
    let mut stream = None;
    for (key, value) in reader.table(key, value).into_iter().flatten() {
        let mut count = || reader.count(key, value, 1);
        match &**key.get_ref() {
            "max" => page.max = count().map_or(page.max, Spanned::into_inner),
            "max_stream" => stream = count(),
            "max_bytes" => page.max_bytes = count().map(|count| u64::from(count.into_inner())),
            _ => reader.unknown(key, &["max", "max_stream", "max_bytes"]),
        }
    }
    page.default = page.max;
    page.max_stream = match stream {
        None => page.max_stream.max(page.max),
        Some(stream) => {
            if *stream.get_ref() < page.max {
                let message = format!("`max_stream` is below `max`, which is {}", page.max);
                reader.source.mistake(stream.span(), message, None);
            }
            stream.into_inner()
        }
    };
    page
}

fn parameter(reader: &mut Reader<'_, '_>, name: Key<'_, '_>, value: Val<'_, '_>) -> Given {
    let mut given = Given::default();
    for (key, value) in reader.table(name, value).into_iter().flatten() {
        match &**key.get_ref() {
            "in" => {
                given.place = reader.text(key, value).and_then(|text| {
                    let place = reader.choice(key, &text, Place::WORDS, Place::parse)?;
                    Some(Spanned::new(text.span(), place))
                });
            }
            "name" => given.name = reader.text(key, value),
            "optional" => given.optional = reader.flag(key, value),
            "default" => {
                given.default = reader
                    .example(key, value)
                    .map(|default| Spanned::new(value.span(), default));
            }
            "read_only" => {
                let message = "a parameter has no `read_only`";
                reader.source.mistake(key.span(), message, None);
            }
            _ => {
                if !reader.of_field(key, value, &mut given.field) {
                    reader.unknown(key, &[OWN, &field_keys()].concat());
                }
            }
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, milliseconds) in [
            ("500ms", Some(500)),
            ("5s", Some(5_000)),
            ("2m", Some(120_000)),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("1h", None),
            ("99999999999999999999s", None),
        ] {
            let found = duration(text).map(|duration| duration.as_millis());
            assert_eq!(found, milliseconds, "{text}");
        }
    }

    #[test]
    fn front_matter_is_found() {
        for (text, inside, sql) in [
            ("/*---\na = 1\n---*/ select 1", "\na = 1\n", " select 1"),
            ("\u{feff} \n/*------*/x", "", "x"),
        ] {
            let (range, from) = find(text).unwrap();
            assert_eq!((&text[range], &text[from..]), (inside, sql));
        }
        for text in ["", "select 1", "/* --- */", "/*--- a = 1"] {
            assert!(find(text).is_err(), "{text}");
        }
    }
}
