//! The rules of one field: what its type and CHECKs say, narrowed by the overlay. Widening is a mistake.

use std::cmp::Ordering;
use std::ops::Range;

use toml::Spanned;

use super::check_expr::understand;
use super::overlay::{FieldOverlay, ValueOverlay};
use super::source::Source;
use super::{Decimal, FieldRules};
use crate::catalog::{Kind, PgType};
use crate::suggest;

const WIDENS: &str = "an overlay may narrow what the database allows; to widen it, change the database in a migration";

/// What the type says by itself: lengths, labels, dimensions, and the CHECKs of its domains.
pub(super) fn from_type(pg_type: &PgType) -> FieldRules {
    let mut rules = FieldRules::default();
    match &pg_type.kind {
        Kind::Text { max_length } => rules.max_length = *max_length,
        Kind::Enum { labels } => rules.one_of = Some(labels.clone()),
        Kind::Array { item } => rules.items = Some(Box::new(from_type(item))),
        Kind::Vector { dimensions } | Kind::HalfVec { dimensions } | Kind::SparseVec { dimensions } => {
            rules.dimensions = *dimensions;
        }
        _ => {}
    }
    for domain in &pg_type.domain_rules {
        for (_, known) in understand(&domain.definition, |name| (name == "VALUE").then_some(pg_type)) {
            known.narrow(&mut rules);
        }
    }
    rules
}

/// Of two lower (or upper) bounds one says it all.
pub(super) fn tidy(rules: &mut FieldRules) {
    if let (Some(ge), Some(gt)) = (&rules.ge, &rules.gt) {
        if gt >= ge { rules.ge = None } else { rules.gt = None }
    }
    if let (Some(le), Some(lt)) = (&rules.le, &rules.lt) {
        if lt <= le { rules.le = None } else { rules.lt = None }
    }
    if let Some(items) = &mut rules.items {
        tidy(items);
    }
}

/// Narrows `rules` by what the overlay says of the column `name`.
pub(super) fn field(
    name: &str,
    pg_type: &PgType,
    rules: &mut FieldRules,
    overlay: &FieldOverlay,
    source: &mut Source<'_>,
) {
    let mut narrowing = Narrowing { name, source };
    narrowing.value(pg_type, rules, &overlay.value);
    let is_array = matches!(pg_type.kind, Kind::Array { .. });
    for (key, count) in [("min_items", &overlay.min_items), ("max_items", &overlay.max_items)] {
        if let Some(count) = count {
            narrowing.fits(is_array, key, count.span(), "arrays", pg_type);
        }
    }
    if is_array {
        let (min, max) = (&overlay.min_items, &overlay.max_items);
        narrowing.counts(
            ("min_items", min),
            ("max_items", max),
            &mut rules.min_items,
            &mut rules.max_items,
        );
    }
    if let Some(items) = &overlay.items {
        narrowing.fits(is_array, "items", items.span(), "arrays", pg_type);
        if let Kind::Array { item } = &pg_type.kind {
            narrowing.value(item, rules.items.get_or_insert_default(), items.get_ref());
        }
    }
    let is_vector = pg_type.kind.is_vector();
    if let Some(dimensions) = &overlay.dimensions {
        narrowing.fits(is_vector, "dimensions", dimensions.span(), "vectors", pg_type);
        match rules.dimensions {
            Some(own) if is_vector && own != *dimensions.get_ref() => {
                let message = format!(
                    "`dimensions = {}` contradicts the column: `{name}` has {own}",
                    dimensions.get_ref()
                );
                narrowing.source.mistake(dimensions.span(), message, None);
            }
            _ => rules.dimensions = Some(*dimensions.get_ref()),
        }
    }
    if let Some(metric) = &overlay.metric {
        narrowing.fits(is_vector, "metric", metric.span(), "vectors", pg_type);
        rules.metric = Some(*metric.get_ref());
    }
    tidy(rules);
}

struct Narrowing<'n, 's, 'a> {
    name: &'n str,
    source: &'s mut Source<'a>,
}

type Count<'c> = (&'static str, &'c Option<Spanned<u32>>);

impl Narrowing<'_, '_, '_> {
    /// Whether a key suits the column's type; notes the mistake if it does not.
    fn fits(&mut self, suits: bool, key: &str, at: Range<usize>, whom: &str, pg_type: &PgType) -> bool {
        if !suits {
            let help = match &pg_type.kind {
                Kind::Array { .. } => Some(format!("for the array's items write `items = {{ {key} = … }}`")),
                Kind::Uuid if key == "format" => Some("a `uuid` column is checked as such anyway".to_owned()),
                _ => None,
            };
            let message = format!("`{key}` is for {whom}, but `{}` is `{}`", self.name, pg_type.sql);
            self.source.mistake(at, message, help);
        }
        suits
    }

    fn widens(&mut self, at: Range<usize>, said: &str, asked: &str) {
        let message = format!(
            "`{said}` is wider than the database allows for `{}`: {asked}",
            self.name
        );
        self.source.mistake(at, message, Some(WIDENS.to_owned()));
    }

    fn value(&mut self, pg_type: &PgType, rules: &mut FieldRules, overlay: &ValueOverlay) {
        let kind = &pg_type.kind;
        let (is_text, is_number) = (kind.is_text(), kind.is_number());
        if let Some(format) = &overlay.format
            && self.fits(is_text, "format", format.span(), "text", pg_type)
        {
            rules.format = Some(*format.get_ref());
        }
        if let Some(steps) = &overlay.normalize
            && self.fits(is_text, "normalize", steps.span(), "text", pg_type)
        {
            rules.normalize.clone_from(steps.get_ref());
        }
        if let Some(pattern) = &overlay.pattern
            && self.fits(is_text, "pattern", pattern.span(), "text", pg_type)
        {
            rules.patterns.push(pattern.get_ref().clone());
        }
        for (key, bound) in [("min_length", &overlay.min_length), ("max_length", &overlay.max_length)] {
            if let Some(bound) = bound {
                self.fits(is_text, key, bound.span(), "text", pg_type);
            }
        }
        if is_text {
            self.counts(
                ("min_length", &overlay.min_length),
                ("max_length", &overlay.max_length),
                &mut rules.min_length,
                &mut rules.max_length,
            );
        }
        self.one_of(pg_type, rules, overlay);
        for (key, bound) in [
            ("ge", &overlay.ge),
            ("gt", &overlay.gt),
            ("le", &overlay.le),
            ("lt", &overlay.lt),
            ("multiple_of", &overlay.multiple_of),
        ] {
            if let Some(bound) = bound {
                self.fits(is_number, key, bound.span(), "numbers", pg_type);
            }
        }
        if is_number {
            if let Some(step) = &overlay.multiple_of {
                rules.multiple_of = Some(step.get_ref().clone());
            }
            self.bounds(kind, rules, overlay);
        }
    }

    fn one_of(&mut self, pg_type: &PgType, rules: &mut FieldRules, overlay: &ValueOverlay) {
        let Some(words) = &overlay.one_of else {
            return;
        };
        let suits = matches!(pg_type.kind, Kind::Text { .. } | Kind::Enum { .. });
        if !self.fits(suits, "enum", words.span(), "text and enums", pg_type) {
            return;
        }
        for word in words.get_ref() {
            if let Some(allowed) = &rules.one_of
                && !allowed.contains(word.get_ref())
            {
                let help = suggest::help(word.get_ref(), allowed.iter().map(String::as_str));
                let message = format!("`{}` does not allow `{}`", self.name, word.get_ref());
                self.source.mistake(word.span(), message, help);
            }
        }
        rules.one_of = Some(words.get_ref().iter().map(|word| word.get_ref().clone()).collect());
    }

    fn bounds(&mut self, kind: &Kind, rules: &mut FieldRules, overlay: &ValueOverlay) {
        use Ordering::{Greater, Less};
        let own = rules.clone();
        let (lowest, highest) = integer_range(kind).unzip();
        let mut given = None;
        for (key, bound, slot, strict, outside) in [
            ("ge", &overlay.ge, &mut rules.ge, false, Less),
            ("gt", &overlay.gt, &mut rules.gt, true, Less),
            ("le", &overlay.le, &mut rules.le, false, Greater),
            ("lt", &overlay.lt, &mut rules.lt, true, Greater),
        ] {
            let Some(bound) = bound else { continue };
            let n = bound.get_ref();
            let (inclusive, exclusive, limit, words) = match outside {
                Less => (&own.ge, &own.gt, &lowest, ("at least", "more than")),
                _ => (&own.le, &own.lt, &highest, ("at most", "less than")),
            };
            let beyond = |own: &&Decimal| n.cmp(own) == outside;
            let touches = |own: &&Decimal| beyond(own) || (!strict && n == *own);
            let asked = if let Some(own) = inclusive.as_ref().filter(beyond) {
                Some(format!("it must be {} {own}", words.0))
            } else if let Some(own) = exclusive.as_ref().filter(touches) {
                Some(format!("it must be {} {own}", words.1))
            } else {
                let limit = limit.as_ref().filter(beyond);
                limit.map(|limit| format!("its type ends at {limit}"))
            };
            if let Some(asked) = asked {
                self.widens(bound.span(), &format!("{key} = {n}"), &asked);
            }
            *slot = Some(n.clone());
            given = given.or(Some(bound.span()));
        }
        tidy(rules);
        let lower = rules.ge.as_ref().or(rules.gt.as_ref());
        let upper = rules.le.as_ref().or(rules.lt.as_ref());
        if let (Some(given), Some(lower), Some(upper)) = (given, lower, upper)
            && (lower > upper || (lower == upper && (rules.gt.is_some() || rules.lt.is_some())))
        {
            let message = format!("no number can keep the bounds of `{}`", self.name);
            self.source.mistake(given, message, None);
        }
    }

    /// Fewest and most of something countable.
    fn counts(&mut self, min: Count<'_>, max: Count<'_>, fewest: &mut Option<u32>, most: &mut Option<u32>) {
        if let (key, Some(count)) = min {
            let n = *count.get_ref();
            if let Some(own) = fewest.filter(|own| n < *own) {
                self.widens(
                    count.span(),
                    &format!("{key} = {n}"),
                    &format!("there must be at least {own}"),
                );
            }
            *fewest = Some(n);
        }
        if let (key, Some(count)) = max {
            let n = *count.get_ref();
            if let Some(own) = most.filter(|own| n > *own) {
                self.widens(
                    count.span(),
                    &format!("{key} = {n}"),
                    &format!("there may be at most {own}"),
                );
            }
            *most = Some(n);
        }
        if let (Some(given), Some(fewest), Some(most)) = (min.1.as_ref().or(max.1.as_ref()), *fewest, *most)
            && fewest > most
        {
            let message = format!(
                "`{}` can have no value: {} is {fewest}, and {} is {most}",
                self.name, min.0, max.0
            );
            self.source.mistake(given.span(), message, None);
        }
    }
}

/// What fits into an integer type.
fn integer_range(kind: &Kind) -> Option<(Decimal, Decimal)> {
    let (low, high) = match kind {
        Kind::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Kind::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Kind::Int8 => (i64::MIN, i64::MAX),
        _ => return None,
    };
    Some((Decimal::from(low), Decimal::from(high)))
}
