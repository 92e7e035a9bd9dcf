//! Which media type a client wants (RFC 9110 §12.5.1).

use crate::error::{Code, Error, Result};

/// The forms a reply of rows can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// `application/json`: an array for lists, an object for an item.
    Json,
    /// `application/vnd.pgrst.object+json`: exactly one row, as an object.
    Object,
    /// `application/x-ndjson`: one object per line; lists are streamed.
    Lines,
    /// `text/csv` (RFC 4180); lists are streamed.
    Csv,
}

/// Forms of rows, the one to choose first among those wanted equally.
const ROWS: &[Accept] = &[Accept::Json, Accept::Lines, Accept::Csv, Accept::Object];
/// Forms of a value that is no row.
const VALUES: &[Accept] = &[Accept::Json, Accept::Object];

/// A parameter by which `PostgREST` leaves nulls out; not made here.
const STRIPPED: &str = "nulls=stripped";

/// One range of an `Accept` header.
struct Wanted {
    name: String,
    quality: f32,
}

impl Accept {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Object => "application/vnd.pgrst.object+json",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The best form for the `Accept` headers of a request; without one, JSON. What is no row has fewer forms.
    ///
    /// # Errors
    /// `not_acceptable`.
    pub fn parse<'a>(headers: impl Iterator<Item = &'a str>, rows: bool) -> Result<Self> {
        let offered = if rows { ROWS } else { VALUES };
        let wanted: Vec<Wanted> = headers
            .flat_map(|header| header.split(','))
            .filter_map(Wanted::parse)
            .collect();
        if wanted.is_empty() {
            return Ok(Self::Json);
        }
        let mut best: Option<(f32, u8, usize, Self)> = None;
        for form in offered {
            let Some((quality, closeness, place)) = form.wish(&wanted) else {
                continue;
            };
            // Of equal wishes the one that names its type, then the one that comes first.
            let better = |(q, c, p, _): &(f32, u8, usize, Self)| {
                (quality, closeness) > (*q, *c) || ((quality, closeness) == (*q, *c) && place < *p)
            };
            if quality > 0.0 && best.as_ref().is_none_or(better) {
                best = Some((quality, closeness, place, *form));
            }
        }
        best.map(|(.., form)| form).ok_or_else(|| {
            let names: Vec<&str> = offered.iter().map(|form| form.name()).collect();
            Error::new(Code::NotAcceptable, Code::NotAcceptable.title())
                .with_hint(format!("made here are {}", names.join(", ")))
        })
    }

    /// Its media type without parameters.
    fn name(self) -> &'static str {
        self.media_type().split(';').next().unwrap_or_default()
    }

    /// How much it is wanted: quality, how closely it is named and where, of the range that names it most closely.
    fn wish(self, wanted: &[Wanted]) -> Option<(f32, u8, usize)> {
        let group = self.name().split('/').next().unwrap_or_default();
        let mut found: Option<(f32, u8, usize)> = None;
        for (place, wanted) in wanted.iter().enumerate() {
            let closeness = match wanted.name.split_once('/') {
                _ if wanted.name == self.name() => 2,
                Some((named, "*")) if named == group => 1,
                Some(("*", "*")) => 0,
                _ => continue,
            };
            if found.is_none_or(|(_, known, _)| closeness > known) {
                found = Some((wanted.quality, closeness, place));
            }
        }
        found
    }
}

impl Wanted {
    fn parse(item: &str) -> Option<Self> {
        let mut parts = item.split(';').map(str::trim);
        let mut name = parts.next().unwrap_or("").to_ascii_lowercase();
        let mut quality = 1.0;
        for part in parts {
            if let Some(q) = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")) {
                quality = q.parse::<f32>().unwrap_or(0.0);
            } else if part.eq_ignore_ascii_case(STRIPPED) {
                // Another form than the one without it: rows with their nulls are not what was asked for.
                name.push(';');
                name.push_str(STRIPPED);
            }
        }
        (!name.is_empty()).then_some(Self { name, quality })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let parse = |text: &'static str, rows| Accept::parse([text].into_iter(), rows).ok();
        for (text, rows, value) in [
            ("", Some(Accept::Json), Some(Accept::Json)),
            ("*/*", Some(Accept::Json), Some(Accept::Json)),
            ("application/*", Some(Accept::Json), Some(Accept::Json)),
            ("text/csv", Some(Accept::Csv), None),
            ("text/*", Some(Accept::Csv), None),
            ("TEXT/CSV; q=0.5", Some(Accept::Csv), None),
            ("application/x-ndjson", Some(Accept::Lines), None),
            ("text/csv, */*", Some(Accept::Csv), Some(Accept::Json)),
            ("*/*, text/csv;q=0.9", Some(Accept::Json), Some(Accept::Json)),
            ("text/csv;q=0.4, application/x-ndjson;q=0.6", Some(Accept::Lines), None),
            (
                "application/x-ndjson, application/json",
                Some(Accept::Lines),
                Some(Accept::Json),
            ),
            ("application/json;q=0, */*", Some(Accept::Lines), Some(Accept::Object)),
            ("application/json;q=0", None, None),
            ("application/xml", None, None),
            (
                "application/vnd.pgrst.object+json",
                Some(Accept::Object),
                Some(Accept::Object),
            ),
            ("application/vnd.pgrst.object+json;nulls=stripped", None, None),
            ("application/vnd.pgrst.array+json;nulls=stripped", None, None),
            (
                "application/vnd.pgrst.object+json; nulls=stripped, application/json; charset=utf-8; q=0.5",
                Some(Accept::Json),
                Some(Accept::Json),
            ),
            (
                "application/vnd.pgrst.plan+text; for=\"application/json\"; options=analyze|verbose;",
                None,
                None,
            ),
            (
                "text/html, application/xml;q=0.9, */*;q=0.8",
                Some(Accept::Json),
                Some(Accept::Json),
            ),
        ] {
            assert_eq!((parse(text, true), parse(text, false)), (rows, value), "{text}");
        }
    }
}
