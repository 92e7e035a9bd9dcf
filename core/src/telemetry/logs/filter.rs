//! Which log lines to show: `level:warn target:postgres -checkpoint`.

use super::LogLine;
use crate::telemetry::terms::{self, Term};
pub use crate::telemetry::terms::{FilterError, Key};

/// What a filter of log lines knows.
pub const KEYS: &[Key] = &[
    Key {
        name: "level",
        values: "error, warn, info, debug, trace",
        meaning: "this level and what is worse",
    },
    Key {
        name: "target",
        values: "postgres, windlass::http",
        meaning: "how the name of who said it begins",
    },
];

/// From the worst on, as log lines spell them.
const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/// Picks log lines. An empty one picks all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<(bool, Test)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// A place in [`LEVELS`].
    Level(usize),
    Target(String),
    Word(String),
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Where it goes wrong, and what is allowed there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let terms = terms::cut(text, KEYS)?;
        terms
            .into_iter()
            .map(|term| Ok((!term.negated, test(term)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether it picks this one.
    #[must_use]
    pub fn matches(&self, line: &LogLine) -> bool {
        self.0.iter().all(|(wanted, test)| test.holds(line) == *wanted)
    }
}

fn test(term: Term) -> Result<Test, FilterError> {
    Ok(match term.key {
        None => Test::Word(term.value),
        Some("level") => Test::Level(rank(&term.value).ok_or_else(|| FilterError {
            at: term.at,
            message: format!("`{}` is no level; allowed are error warn info debug trace", term.value),
        })?),
        Some(_) => Test::Target(term.value),
    })
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| known.eq_ignore_ascii_case(level))
}

impl Test {
    fn holds(&self, line: &LogLine) -> bool {
        match self {
            Self::Level(least) => rank(&line.level).is_some_and(|level| level <= *least),
            Self::Target(start) => line.target.starts_with(start.as_str()),
            Self::Word(word) => [&line.message, &line.target]
                .into_iter()
                .chain(line.fields.iter().map(|(_, value)| value))
                .any(|text| terms::holds(text, word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_pick() {
        let line = LogLine {
            number: 1,
            at: 0,
            level: "WARN".into(),
            target: "postgres".into(),
            message: "could not open file".into(),
            fields: vec![("state".into(), "58P01".into())],
        };
        for (text, picked) in [
            ("", true),
            ("level:warn", true),
            ("level:INFO", true),
            ("level:error", false),
            ("-level:error target:post", true),
            ("target:windlass", false),
            ("\"NOT open\" 58p01", true),
            ("-file", false),
        ] {
            let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.matches(&line), picked, "{text}");
        }
        for (text, at, part) in [
            ("level:loud", 6, "error warn info debug trace"),
            ("x lvl:warn", 2, "allowed are level: target:"),
        ] {
            let error = Filter::parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }
}
