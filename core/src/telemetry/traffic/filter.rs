//! Which requests to show: `status:5xx ms:>200 -path:/health word`.

use super::Exchange;
use crate::telemetry::terms::{self, Compare, Term};
pub use crate::telemetry::terms::{FilterError, Key};

/// What a filter of requests knows.
pub const KEYS: &[Key] = &[
    Key {
        name: "status",
        values: "404, 5xx, >399, <=299",
        meaning: "the reply's status",
    },
    Key {
        name: "ms",
        values: ">200, <50, >=0.5",
        meaning: "the time it took, in milliseconds",
    },
    Key {
        name: "path",
        values: "/api/leads",
        meaning: "how the path begins",
    },
    Key {
        name: "method",
        values: "POST",
        meaning: "the method",
    },
    Key {
        name: "code",
        values: "pool_timeout",
        meaning: "the code of the error it was answered with",
    },
    Key {
        name: "route",
        values: "/api/leads/{id}, \"GET /api/leads\"",
        meaning: "a part of the route's name",
    },
];

/// Picks requests. An empty one picks all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter(Vec<(bool, Test)>);

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Status(u16),
    /// `5` for `5xx`.
    Class(u16),
    Statuses(Compare, u16),
    Milliseconds(Compare, f64),
    Path(String),
    Method(String),
    Code(String),
    Route(String),
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
    pub fn matches(&self, exchange: &Exchange) -> bool {
        self.0.iter().all(|(wanted, test)| test.holds(exchange) == *wanted)
    }
}

fn test(term: Term) -> Result<Test, FilterError> {
    Ok(match term.key {
        None => Test::Word(term.value),
        Some("status") => status(&term)?,
        Some("ms") => milliseconds(&term)?,
        Some("path") => Test::Path(term.value),
        Some("method") => Test::Method(term.value),
        Some("code") => Test::Code(term.value),
        Some(_) => Test::Route(term.value),
    })
}

fn status(term: &Term) -> Result<Test, FilterError> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|status| (100..600).contains(status));
    let read = match (Compare::split(&term.value), term.value.strip_suffix("xx")) {
        (Some((compare, text)), _) => number(text).map(|status| Test::Statuses(compare, status)),
        (None, Some(class)) => {
            let class = class.parse().ok().filter(|class| (1..=5).contains(class));
            class.map(Test::Class)
        }
        (None, None) => number(&term.value).map(Test::Status),
    };
    read.ok_or_else(|| FilterError {
        at: term.at,
        message: format!(
            "`{}` is no status; allowed are 100 to 599, 1xx to 5xx, and >399 >=400 <300 <=299",
            term.value
        ),
    })
}

fn milliseconds(term: &Term) -> Result<Test, FilterError> {
    let read = Compare::split(&term.value).and_then(|(compare, text)| {
        let number: f64 = text.parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(Test::Milliseconds(compare, number))
    });
    read.ok_or_else(|| FilterError {
        at: term.at,
        message: format!("`{}` bounds no time; allowed are >200 >=200 <50 <=0.5", term.value),
    })
}

impl Test {
    #[expect(clippy::cast_precision_loss, reason = "no request takes 2⁵³ microseconds")]
    fn holds(&self, exchange: &Exchange) -> bool {
        match self {
            Self::Status(status) => exchange.status == *status,
            Self::Class(class) => exchange.status / 100 == *class,
            Self::Statuses(compare, status) => compare.holds(exchange.status, *status),
            Self::Milliseconds(compare, ms) => compare.holds(exchange.duration_us as f64 / 1000.0, *ms),
            Self::Path(start) => exchange.path.starts_with(start.as_str()),
            Self::Method(method) => exchange.method.eq_ignore_ascii_case(method),
            Self::Code(code) => exchange.code.as_deref() == Some(code),
            Self::Route(part) => exchange.route.as_deref().is_some_and(|route| terms::holds(route, part)),
            Self::Word(word) => [Some(&exchange.path), Some(&exchange.request_id), Some(&exchange.method)]
                .into_iter()
                .chain([exchange.code.as_ref(), exchange.route.as_ref()])
                .flatten()
                .any(|text| terms::holds(text, word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> Exchange {
        Exchange {
            number: 1,
            request_id: "01936a3e".into(),
            at: 0,
            method: "POST".into(),
            path: "/api/leads".into(),
            route: Some("POST /api/leads".into()),
            status: 503,
            duration_us: 200_500,
            bytes: 10,
            code: Some("pool_timeout".into()),
            stages: Vec::new(),
        }
    }

    #[test]
    fn filters_pick() {
        for (text, picked) in [
            ("", true),
            ("status:503", true),
            ("status:500", false),
            ("status:5xx", true),
            ("-status:5xx", false),
            ("status:4xx", false),
            ("status:>499 status:<=503", true),
            ("status:<503", false),
            ("ms:>200", true),
            ("ms:>200.5", false),
            ("ms:>=200.5", true),
            ("ms:<50", false),
            ("path:/api/", true),
            ("path:leads", false),
            ("method:post", true),
            ("method:GET", false),
            ("code:pool_timeout", true),
            ("code:pool", false),
            ("route:\"post /api/leads\"", true),
            ("route:{id}", false),
            ("-route:{id} LEADS", true),
            ("\"pool_time\"", true),
            ("01936A", true),
            ("status:5xx ms:>200 path:/api/leads method:POST -movies", true),
            ("status:5xx movies", false),
        ] {
            let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.matches(&exchange()), picked, "{text}");
        }
        let bare = Exchange {
            route: None,
            code: None,
            ..exchange()
        };
        assert!(Filter::parse("-route:leads -code:pool_timeout").unwrap().matches(&bare));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (text, at, part) in [
            ("status:abc", 7, "5xx"),
            ("a -status:6xx", 10, "1xx to 5xx"),
            ("status:99", 7, "100 to 599"),
            ("status:>", 7, ">399"),
            ("ms:200", 3, ">200"),
            ("ms:>fast", 3, "`>fast`"),
            ("ms:>NaN", 3, "<50"),
            ("é stats:500", 2, "did you mean `status`?"),
            ("path:", 5, "/api/leads"),
            ("path:\"/a", 5, "not closed"),
        ] {
            let error = Filter::parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }
}
