//! The path of a route, whose steps are words or parameters.

use std::cmp::Ordering;

/// A path such as `/api/leads/{id}/timeline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Word(String),
    /// What stands between the first and the last brace: `id`, or `a},{b` for a key of two columns.
    Parameter(String),
}

impl Template {
    /// Takes a path apart. Whatever begins with a brace is a parameter.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let segments = path.strip_prefix('/').unwrap_or(path).split('/');
        let segment = |text: &str| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Parameter(name.to_owned()),
            None => Segment::Word(text.to_owned()),
        };
        Self(segments.map(segment).collect())
    }

    /// How many steps it has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// The names of its parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Word(_) => None,
            Segment::Parameter(name) => Some(name.as_str()),
        })
    }

    /// What stands at the parameters of a path, still encoded; none for another path. An empty step is no value.
    #[must_use]
    pub fn captures<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let mut captured = Vec::new();
        let mut steps = path.strip_prefix('/')?.split('/');
        for segment in &self.0 {
            let step = steps.next()?;
            match segment {
                Segment::Word(word) if word == step => {}
                Segment::Parameter(_) if !step.is_empty() => captured.push(step),
                _ => return None,
            }
        }
        steps.next().is_none().then_some(captured)
    }

    /// Whether both are words and parameters at the same steps, and the same words.
    #[must_use]
    pub fn same_shape(&self, other: &Self) -> bool {
        self.length() == other.length()
            && self.pairs(other).all(|pair| match pair {
                (Segment::Word(one), Segment::Word(other)) => one == other,
                (Segment::Parameter(_), Segment::Parameter(_)) => true,
                _ => false,
            })
    }

    /// Whether some path is both. `keyed` says whether a parameter of the other can be any word.
    #[must_use]
    pub fn meets(&self, other: &Self, keyed: bool) -> bool {
        self.length() == other.length()
            && self.pairs(other).all(|pair| match pair {
                (Segment::Word(one), Segment::Word(other)) => one == other,
                (Segment::Word(_), Segment::Parameter(_)) => keyed,
                (Segment::Parameter(_), _) => true,
            })
    }

    /// Of two templates of one path the one with the first word in place of a parameter comes first.
    #[must_use]
    pub fn before(&self, other: &Self) -> Ordering {
        let is_parameter = |segment: &Segment| matches!(segment, Segment::Parameter(_));
        let (one, other) = (self.0.iter().map(is_parameter), other.0.iter().map(is_parameter));
        one.cmp(other)
    }

    pub(super) fn begins_with_word(&self) -> bool {
        matches!(self.0.first(), Some(Segment::Word(_)))
    }

    fn pairs<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a Segment, &'a Segment)> {
        self.0.iter().zip(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_step_by_step() {
        let template = Template::of("/api/leads/{id}/timeline");
        for (path, captured) in [
            ("/api/leads/7/timeline", Some(vec!["7"])),
            ("/api/leads/a%2Fb/timeline", Some(vec!["a%2Fb"])),
            ("/api/leads//timeline", None),
            ("/api/leads/7/timeline/", None),
            ("/api/leads/7", None),
            ("/api/leads/7/other", None),
            ("", None),
        ] {
            assert_eq!(template.captures(path), captured, "{path}");
        }
        assert_eq!(template.names().collect::<Vec<_>>(), ["id"]);
    }

    #[test]
    fn shapes_are_compared() {
        let of = Template::of;
        for (one, other, same, meets, keyed) in [
            ("/a/{x}", "/a/{y}", true, true, true),
            ("/a/me", "/a/{y}", false, false, true),
            ("/a/{x}", "/a/me", false, true, true),
            ("/a/{x}/c", "/a/b/{y}", false, false, true),
            ("/a/b", "/a/b", true, true, true),
            ("/a/b", "/a/b/c", false, false, false),
            ("/a/b", "/a/c", false, false, false),
        ] {
            let (one, other) = (of(one), of(other));
            let found = (
                one.same_shape(&other),
                one.meets(&other, false),
                one.meets(&other, true),
            );
            assert_eq!(found, (same, meets, keyed), "{one:?} {other:?}");
        }
        assert_eq!(of("/a/me").before(&of("/a/{x}")), Ordering::Less);
        assert_eq!(of("/a/{x}/c").before(&of("/a/b/{y}")), Ordering::Greater);
        assert_eq!(of("/a/{x}").before(&of("/b/{y}")), Ordering::Equal);
    }
}
