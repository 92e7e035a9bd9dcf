//! Plans without their values: what is left must give the same text, as values are bound.

use std::sync::Arc;

use crate::catalog::Kind;
use crate::contract::Resource;
use crate::plan::nearest::Nearest;
use crate::plan::{Action, By, Condition, Embed, Order, Output, Page, Read, Subject, Value, Write};
use crate::request::{Key, Step};
use crate::validate::{Bind, Row};

const BLANK: &str = "blank";

/// A read without its values and labels.
#[must_use]
pub fn read(read: &Read) -> Read {
    let resource = &read.resource;
    Read {
        resource: Arc::clone(resource),
        output: read.output.iter().map(output).collect(),
        condition: condition(resource, &read.condition),
        order: read.order.iter().map(order).collect(),
        limit: read.limit.map(|_| 1),
        capped: read.capped,
        page: match &read.page {
            Page::Offset(rows) => Page::Offset((*rows).min(1)),
            Page::After(cursor) => {
                let mut cursor = cursor.clone();
                for value in cursor.values.iter_mut().flatten() {
                    *value = BLANK.to_owned();
                }
                Page::After(cursor)
            }
        },
        binding: read.binding,
        count: read.count,
        run: read.run,
    }
}

/// A write without its values and labels.
#[must_use]
pub fn write(write: &Write) -> Write {
    let resource = &write.resource;
    let about = |condition: &Condition| self::condition(resource, condition);
    Write {
        action: match &write.action {
            Action::Create { rows, many, conflict } => Action::Create {
                rows: rows.iter().map(row).collect(),
                many: *many,
                conflict: conflict.clone(),
            },
            Action::Put(condition, values) => Action::Put(about(condition), row(values)),
            Action::Replace(condition, values) => Action::Replace(about(condition), row(values)),
            Action::Update(condition, values) => Action::Update(about(condition), row(values)),
            Action::Delete(condition) => Action::Delete(about(condition)),
        },
        output: write.output.iter().map(output).collect(),
        ..write.clone()
    }
}

fn row(row: &Row) -> Row {
    Row {
        values: row
            .values
            .iter()
            .map(|(index, _)| (*index, Bind::Text(BLANK.to_owned())))
            .collect(),
        deferred: row.deferred,
    }
}

fn condition(resource: &Resource, given: &Condition) -> Condition {
    let each = |members: &[Condition]| members.iter().map(|member| condition(resource, member)).collect();
    let value = || BLANK.to_owned();
    match given {
        Condition::All(members) => Condition::All(each(members)),
        Condition::Any(members) => Condition::Any(each(members)),
        Condition::Not(member) => Condition::Not(Box::new(condition(resource, member))),
        Condition::Implied(member) => Condition::Implied(Box::new(condition(resource, member))),
        Condition::Compare(about, comparison, _) => Condition::Compare(subject(about), *comparison, value()),
        Condition::CompareMany(about, comparison, quantifier, _) => {
            Condition::CompareMany(subject(about), *comparison, *quantifier, vec![value()])
        }
        Condition::In(about, values) => {
            let field = resource.fields.get(about.field);
            let array = field.is_some_and(|field| matches!(about.pg_type(field).kind, Kind::Array { .. }));
            let count = if array { values.len() } else { 1 };
            Condition::In(subject(about), vec![value(); count])
        }
        Condition::Is(about, is) => Condition::Is(subject(about), *is),
        Condition::Pattern(about, pattern, _) => Condition::Pattern(subject(about), *pattern, value()),
        Condition::PatternMany(about, pattern, quantifier, _) => {
            Condition::PatternMany(subject(about), *pattern, *quantifier, vec![value()])
        }
        Condition::IsDistinct(about, _) => Condition::IsDistinct(subject(about), value()),
        Condition::Search {
            subject: about,
            form,
            language,
            ..
        } => Condition::Search {
            subject: subject(about),
            form: *form,
            language: language.as_ref().map(|_| value()),
            query: value(),
        },
        Condition::Relate(about, relation, _) => Condition::Relate(subject(about), *relation, value()),
        Condition::Exists(related) => Condition::Exists(embed(related)),
    }
}

fn subject(subject: &Subject) -> Subject {
    let step = |step: &Step| Step {
        key: match step.key {
            Key::Name(_) => Key::Name(BLANK.to_owned()),
            Key::Index(_) => Key::Index(0),
        },
        text: step.text,
    };
    Subject {
        field: subject.field,
        path: subject.path.iter().map(step).collect(),
    }
}

fn order(order: &Order) -> Order {
    Order {
        by: match &order.by {
            By::Own(own) => By::Own(subject(own)),
            By::Related(related, of) => By::Related(embed(related), subject(of)),
            By::Output(place) => By::Output(*place),
            By::Nearest(nearest) => By::Nearest(Arc::new(Nearest {
                vector: BLANK.to_owned(),
                ..(**nearest).clone()
            })),
        },
        ..order.clone()
    }
}

fn output(output: &Output) -> Output {
    Output {
        value: match &output.value {
            Value::Plain(about, cast) => Value::Plain(subject(about), *cast),
            Value::Aggregate { function, input, cast } => Value::Aggregate {
                function: *function,
                input: input.as_ref().map(|(about, cast)| (subject(about), *cast)),
                cast: *cast,
            },
            Value::Related(related) => Value::Related(embed(related)),
        },
        label: output.label.clone(),
    }
}

fn embed(embed: &Embed) -> Arc<Embed> {
    Arc::new(Embed {
        label: BLANK.to_owned(),
        way: embed.way.clone(),
        spread: embed.spread,
        output: embed.output.iter().map(output).collect(),
        condition: condition(&embed.way.target, &embed.condition),
        order: embed.order.iter().map(order).collect(),
        limit: 1,
        offset: embed.offset.min(1),
    })
}
